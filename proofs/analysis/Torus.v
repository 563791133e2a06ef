(** T16: several commuting generators. *)

From Coq Require Import Reals List Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Box Hull.
Import ListNotations.
Local Open Scope R_scope.

(** ** Sums of exponentials on R^m *)

(** One exponential: the exponent v ∈ R^m and the weight W, for W e^{⟨v,λ⟩}. *)
Definition joint_exponential : Type := (vector * R)%type.

Definition joint_sum (m : nat) (l : list joint_exponential) (x : vector) : R :=
  sum (fun p => snd p * exp (dot m (fst p) x)) l.

(** Minimisers, among all points and for a function of λ ∈ R^m. *)
Definition minimises_on (f : vector -> R) (x : vector) : Prop := forall y, f x <= f y.

(** Along the line x + tu it is a sum of exponentials of one variable. *)
Definition along (m : nat) (l : list joint_exponential) (x u : vector) : list exponential :=
  map (fun p => (dot m (fst p) u, snd p * exp (dot m (fst p) x))) l.

Definition on_line (x u : vector) (t : R) : vector := fun i => x i + t * u i.

Lemma dot_on_line m v x u t : dot m v (on_line x u t) = dot m v x + t * dot m v u.
Proof.
  unfold on_line. rewrite (dot_ext m v v _ (fun i => 1 * x i + t * u i)).
  - rewrite dot_combination. ring.
  - intros; split; [easy|ring].
Qed.

Lemma joint_sum_along m l x u t :
  joint_sum m l (on_line x u t) = exponential_sum (along m l x u) t.
Proof.
  unfold joint_sum, exponential_sum, along. rewrite sum_map. apply sum_ext. intros p _.
  unfold exponent, weight; simpl. rewrite dot_on_line, exp_plus, (Rmult_comm t). ring.
Qed.

Lemma joint_sum_ext m l x y : (forall i, (i < m)%nat -> x i = y i) -> joint_sum m l x = joint_sum m l y.
Proof.
  intros H. apply sum_ext. intros p _. do 2 f_equal. apply dot_ext. auto.
Qed.

Section Weights.
Variables (m : nat) (l : list joint_exponential).
Hypothesis Hl : forall p, In p l -> 0 <= snd p.

Lemma along_nonneg x u : weights_nonneg (along m l x u).
Proof.
  intros p Hp. apply in_map_iff in Hp. destruct Hp as [q [<- Hq]]. unfold weight; simpl.
  apply Rmult_le_pos; [now apply Hl|left; apply exp_pos].
Qed.

Lemma joint_sum_convex x y t :
  0 <= t <= 1 ->
  joint_sum m l (fun i => (1 - t) * x i + t * y i) <= (1 - t) * joint_sum m l x + t * joint_sum m l y.
Proof.
  intros Ht. set (u := fun i => y i - x i).
  pose proof (exponential_sum_convex _ (along_nonneg x u) 0 1 t Ht) as E.
  rewrite <- !joint_sum_along in E.
  rewrite (joint_sum_ext m l _ (on_line x u ((1 - t) * 0 + t * 1))),
          (joint_sum_ext m l x (on_line x u 0)), (joint_sum_ext m l y (on_line x u 1)); [easy|..];
    intros i _; unfold on_line, u; ring.
Qed.

(** A minimiser is one on every line through it: every slope there is 0; and conversely. *)
Lemma joint_minimiser_iff x :
  minimises_on (joint_sum m l) x <-> forall u, slope (along m l x u) 0 = 0.
Proof.
  split.
  - intros H u. apply (minimises_iff_slope_zero _ (along_nonneg x u)). intros t.
    rewrite <- !joint_sum_along. rewrite (joint_sum_ext m l _ x); [apply H|].
    intros i _. unfold on_line. ring.
  - intros H y. set (u := fun i => y i - x i). specialize (H u).
    apply (minimises_iff_slope_zero _ (along_nonneg x u)) in H. specialize (H 1).
    rewrite <- !joint_sum_along in H.
    rewrite (joint_sum_ext m l x (on_line x u 0)), (joint_sum_ext m l y (on_line x u 1)); [easy|..];
      intros i _; unfold on_line, u; ring.
Qed.

(** Two minimisers differ by a direction that no exponential with positive weight sees. *)
Lemma joint_minimiser_unique x y :
  minimises_on (joint_sum m l) x -> minimises_on (joint_sum m l) y ->
  forall p, In p l -> 0 < snd p -> dot m (fst p) (fun i => y i - x i) = 0.
Proof.
  intros Hx Hy p Hp Hw. set (u := fun i => y i - x i).
  destruct (Req_dec (dot m (fst p) u) 0) as [E|N]; [easy|exfalso].
  pose proof (along_nonneg x u) as W.
  assert (moves (along m l x u)) as M.
  { apply moves_iff. exists (dot m (fst p) u, snd p * exp (dot m (fst p) x)).
    split; [apply in_map_iff; now exists p|]. split; [easy|]. unfold weight; simpl.
    apply Rmult_lt_0_compat; [easy|apply exp_pos]. }
  assert (minimises (exponential_sum (along m l x u)) 0) as M0.
  { intros t. rewrite <- !joint_sum_along. rewrite (joint_sum_ext m l _ x); [apply Hx|].
    intros i _. unfold on_line. ring. }
  assert (minimises (exponential_sum (along m l x u)) 1) as M1.
  { intros t. rewrite <- !joint_sum_along. rewrite (joint_sum_ext m l _ y); [apply Hy|].
    intros i _. unfold on_line, u. ring. }
  apply (minimises_iff_slope_zero _ W) in M0. apply (minimises_iff_slope_zero _ W) in M1.
  pose proof (slope_strictly_increasing _ W M 0 1 ltac:(lra)). lra.
Qed.

End Weights.

(** ** The criterion of the hull *)

(** Necessity: at a minimiser the exponentials themselves are the multiples. *)
Lemma minimiser_gives_combination m (l : list joint_exponential) x :
  (forall p, In p l -> 0 < snd p) -> minimises_on (joint_sum m l) x ->
  positive_combination_of_zero m (map fst l).
Proof.
  intros Hl Hx. exists (map (fun p => (fst p, snd p * exp (dot m (fst p) x))) l). repeat split.
  - rewrite map_map. now apply map_ext.
  - intros q Hq. apply in_map_iff in Hq. destruct Hq as [p [<- Hp]]. simpl.
    apply Rmult_lt_0_compat; [now apply Hl|apply exp_pos].
  - intros i Hi. rewrite sum_map. simpl.
    assert (forall p, In p l -> 0 <= snd p) as Hl' by (intros p Hp; left; now apply Hl).
    set (e := fun j => if (j =? i)%nat then 1 else 0).
    pose proof (proj1 (joint_minimiser_iff m l Hl' x) Hx e) as S.
    unfold slope, along in S. rewrite sum_map in S. rewrite <- S. apply sum_ext. intros p _.
    unfold exponent, weight; simpl. rewrite Rmult_0_r, exp_0, Rmult_1_r. f_equal.
    (* ⟨v, e_i⟩ = v_i *)
    clear - Hi. symmetry. induction m as [|m IH]; [lia|]. rewrite dot_S. unfold e at 2.
    destruct (Nat.eqb_spec m i) as [->|N].
    + replace (dot i (fst p) e) with 0; [ring|]. symmetry. apply sum_zero. intros j Hj.
      apply in_range in Hj. unfold e. destruct (Nat.eqb_spec j i); [lia|ring].
    + rewrite IH by lia. ring.
Qed.

(** Sufficiency. Where the sum is no larger than at 0, no exponential is large, and by the combination none is
    small either; so such points have representatives in a box, and on a box there is a minimum. *)

Lemma exp_lipschitz a b c : a <= c -> b <= c -> Rabs (exp a - exp b) <= exp c * Rabs (a - b).
Proof.
  assert (forall x y, x <= y -> y <= c -> exp y - exp x <= exp c * (y - x)) as H.
  { intros x y Hxy Hy. pose proof (exp_above_tangent x y) as E.
    assert (exp y * (y - x) <= exp c * (y - x)); [|lra].
    apply Rmult_le_compat_r; [lra|now apply exp_nondecreasing]. }
  intros Ha Hb. destruct (Rle_dec a b) as [L|L].
  - pose proof (exp_nondecreasing _ _ L). rewrite !Rabs_left1 by lra. pose proof (H a b L Hb). lra.
  - assert (b <= a) as L' by lra. pose proof (exp_nondecreasing _ _ L').
    rewrite !Rabs_right by lra. now apply H.
Qed.

Lemma joint_sum_lipschitz m (l : list joint_exponential) b :
  0 <= b -> (forall p, In p l -> 0 <= snd p) ->
  exists K, 0 <= K /\ lipschitz_on_box m b K (joint_sum m l).
Proof.
  intros Hb. induction l as [|p l IH]; intros Hl.
  - exists 0. split; [lra|]. intros x y _ _. unfold joint_sum. simpl.
    rewrite Rminus_0_r, Rabs_R0. lra.
  - destruct IH as [K [HK HKl]]; [intros; apply Hl; now right|].
    pose proof (Hl p (or_introl eq_refl)) as Hw. pose proof (norm1_nonneg m (fst p)) as Hn.
    set (c := norm1 m (fst p) * b).
    exists (snd p * exp c * norm1 m (fst p) + K).
    pose proof (exp_pos c) as Hc.
    assert (0 <= snd p * exp c) as H1 by (apply Rmult_le_pos; lra).
    split; [pose proof (Rmult_le_pos _ _ H1 Hn); lra|].
    intros x y Hx Hy. unfold joint_sum. cbn [sum fold_right]. fold (sum (fun p => snd p * exp (dot m (fst p) x)) l).
    fold (sum (fun p => snd p * exp (dot m (fst p) y)) l).
    pose proof (HKl x y Hx Hy) as E. unfold joint_sum in E.
    set (A := sum (fun p => snd p * exp (dot m (fst p) x)) l) in *.
    set (B := sum (fun p => snd p * exp (dot m (fst p) y)) l) in *.
    replace (snd p * exp (dot m (fst p) x) + A - (snd p * exp (dot m (fst p) y) + B))
      with (snd p * (exp (dot m (fst p) x) - exp (dot m (fst p) y)) + (A - B)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rmult_plus_distr_r.
    apply Rplus_le_compat; [|easy]. rewrite Rabs_mult, (Rabs_right (snd p)) by lra.
    rewrite !Rmult_assoc. apply Rmult_le_compat_l; [easy|].
    assert (dot m (fst p) x <= c) as Hcx.
    { eapply Rle_trans; [apply Rle_abs|]. now apply abs_dot_le. }
    assert (dot m (fst p) y <= c) as Hcy.
    { eapply Rle_trans; [apply Rle_abs|]. now apply abs_dot_le. }
    eapply Rle_trans; [apply (exp_lipschitz _ _ c Hcx Hcy)|].
    apply Rmult_le_compat_l; [lra|].
    replace (dot m (fst p) x - dot m (fst p) y) with (dot m (fst p) (fun i => x i - y i)).
    + apply abs_dot_le. intros i Hi. now apply (abs_coordinate_le_norm1 m (fun i => x i - y i)).
    + rewrite (dot_ext m _ (fst p) _ (fun i => 1 * x i + (-1) * y i)).
      * rewrite dot_combination. ring.
      * intros; split; [easy|ring].
Qed.

Lemma combination_gives_minimiser m (l : list joint_exponential) :
  (forall p, In p l -> 0 < snd p) -> positive_combination_of_zero m (map fst l) ->
  exists x, minimises_on (joint_sum m l) x.
Proof.
  intros Hl [q [Hq [Hpos Hsum]]].
  set (zero := fun _ : nat => 0). set (M := joint_sum m l zero).
  (* An upper bound B on what any vector measures where the sum is at most M ... *)
  destruct (exists_bound (fun p : joint_exponential => ln (M / snd p)) l) as [B [HB HBl]].
  assert (forall x, joint_sum m l x <= M -> forall p, In p l -> dot m (fst p) x <= B) as Upper.
  { intros x Hx p Hp. pose proof (Hl p Hp) as Hw. eapply Rle_trans; [|now apply (HBl p)].
    assert (snd p * exp (dot m (fst p) x) <= M) as E.
    { eapply Rle_trans; [|exact Hx]. apply (sum_ge_term (fun p => snd p * exp (dot m (fst p) x))); [|easy].
      intros r Hr. apply Rmult_le_pos; left; [now apply Hl|apply exp_pos]. }
    rewrite <- (ln_exp (dot m (fst p) x)). apply Rcomplements.ln_le; [apply exp_pos|].
    apply Rmult_le_reg_l with (snd p); [easy|]. replace (snd p * (M / snd p)) with M by (field; lra). easy. }
  (* ... and a lower bound. *)
  set (T := sum snd q).
  destruct (exists_bound (fun r : vector * R => B * T / snd r) q) as [D [HD HDq]].
  assert (forall v, In v (map fst l) <-> exists r, In r q /\ fst r = v) as InV.
  { intros v. rewrite <- Hq, in_map_iff. split; intros [r [H1 H2]]; exists r; easy. }
  assert (forall x, joint_sum m l x <= M -> forall v, In v (map fst l) -> Rabs (dot m v x) <= D + B) as Both.
  { intros x Hx.
    assert (forall r, In r q -> dot m (fst r) x <= B) as U.
    { intros r Hr. assert (In (fst r) (map fst l)) as I by (apply InV; now exists r).
      apply in_map_iff in I. destruct I as [p [<- Hp]]. now apply Upper. }
    intros v Hv. destruct (proj1 (InV v) Hv) as [r [Hr <-]]. pose proof (Hpos r Hr) as Hr0.
    assert (snd r * (B - dot m (fst r) x) <= B * T) as E.
    { apply Rle_trans with (sum (fun r => snd r * (B - dot m (fst r) x)) q).
      - apply (sum_ge_term (fun r => snd r * (B - dot m (fst r) x))); [|easy]. intros k Hk.
        pose proof (Hpos k Hk). pose proof (U k Hk). apply Rmult_le_pos; lra.
      - right. unfold T. rewrite <- sum_scal.
        rewrite <- (Rplus_0_r (sum (fun r => B * snd r) q)).
        replace 0 with ((-1) * sum (fun r => snd r * dot m (fst r) x) q) at 1
          by (rewrite combination_dot by easy; ring).
        rewrite <- sum_scal, <- sum_plus. apply sum_ext. intros; ring. }
    assert (B - dot m (fst r) x <= B * T / snd r) as F.
    { apply Rmult_le_reg_l with (snd r); [easy|].
      replace (snd r * (B * T / snd r)) with (B * T) by (field; lra). easy. }
    pose proof (HDq r Hr). pose proof (U r Hr). apply Rabs_le. lra. }
  (* So the sum at any such point is taken in a box, too, and a box has a minimum. *)
  destruct (bounded_preimage m (map fst l)) as [K [HK Pre]].
  assert (0 <= K * (D + B)) as Hbox by (apply Rmult_le_pos; lra).
  assert (forall p, In p l -> 0 <= snd p) as Hl' by (intros p Hp; left; now apply Hl).
  destruct (joint_sum_lipschitz m l (K * (D + B)) Hbox Hl') as [L [HL Lip]].
  destruct (minimum_on_box m (K * (D + B)) L (joint_sum m l) Hbox HL Lip) as [x [Hx Hmin]].
  exists x. intros y. destruct (Rle_dec (joint_sum m l y) M) as [Hy|Hy].
  - destruct (Pre y (D + B)) as [z [Hz Hzbox]]; [now apply Both|lra|].
    replace (joint_sum m l y) with (joint_sum m l z); [now apply Hmin|].
    apply sum_ext. intros p Hp. do 2 f_equal. apply Hz. now apply in_map.
  - assert (joint_sum m l x <= M); [|lra]. apply Hmin. intros i _. unfold zero. now rewrite Rabs_R0.
Qed.

(** ** The balance potential of commuting generators *)

(** One joint eigendirection: its rates w ∈ R^m, noise power and squared coordinate. *)
Record joint_term : Type := JointTerm { rates : vector; joint_noise : R; joint_charge : R }.

(** Φ(λ) = Σ (2γ c e^{2⟨w,λ⟩} + σ² a e^{−2⟨w,λ⟩}) *)
Definition joint_potential (m : nat) (γ σ2 : R) (s : list joint_term) (λ : vector) : R :=
  sum (fun k => 2 * γ * joint_charge k * exp (2 * dot m (rates k) λ)
                + σ2 * joint_noise k * exp (-2 * dot m (rates k) λ)) s.

(** G_i(λ) = Σ w_i (2σ² a e^{−2⟨w,λ⟩} − 4γ c e^{2⟨w,λ⟩}) *)
Definition joint_balance (m : nat) (γ σ2 : R) (s : list joint_term) (i : nat) (λ : vector) : R :=
  sum (fun k => rates k i * (2 * σ2 * joint_noise k * exp (-2 * dot m (rates k) λ)
                             - 4 * γ * joint_charge k * exp (2 * dot m (rates k) λ))) s.

Definition joint_admissible (γ σ2 : R) (s : list joint_term) : Prop :=
  0 <= γ /\ 0 <= σ2 /\ forall k, In k s -> 0 <= joint_noise k /\ 0 <= joint_charge k.

(** The live exponents: 2w where γc > 0, −2w where σ²a > 0. *)
Definition scaled (r : R) (w : vector) : vector := fun i => r * w i.

Definition all_exponentials (γ σ2 : R) (s : list joint_term) : list joint_exponential :=
  flat_map (fun k => [(scaled 2 (rates k), 2 * γ * joint_charge k);
                      (scaled (-2) (rates k), σ2 * joint_noise k)]) s.

Definition live_exponentials (γ σ2 : R) (s : list joint_term) : list joint_exponential :=
  filter (fun p => if Rlt_dec 0 (snd p) then true else false) (all_exponentials γ σ2 s).

Definition live_exponents (γ σ2 : R) (s : list joint_term) : list vector :=
  map fst (live_exponentials γ σ2 s).

Lemma dot_scaled m r w λ : dot m (scaled r w) λ = r * dot m w λ.
Proof. unfold dot, scaled. rewrite <- sum_scal. apply sum_ext. intros; ring. Qed.

Section T16.
Variables (m : nat) (γ σ2 : R) (s : list joint_term).
Hypothesis Hs : joint_admissible γ σ2 s.

Local Notation Φ := (joint_potential m γ σ2 s).

Lemma in_all_exponentials p :
  In p (all_exponentials γ σ2 s) <->
  exists k, In k s /\ (p = (scaled 2 (rates k), 2 * γ * joint_charge k)
                       \/ p = (scaled (-2) (rates k), σ2 * joint_noise k)).
Proof.
  unfold all_exponentials. rewrite in_flat_map. simpl. split; intros [k [Hk H]]; exists k; intuition.
Qed.

Lemma all_nonneg p : In p (all_exponentials γ σ2 s) -> 0 <= snd p.
Proof.
  destruct Hs as [Hγ [Hσ Hk]]. intros Hp. apply in_all_exponentials in Hp.
  destruct Hp as [k [Hin [-> | ->]]]; destruct (Hk k Hin); simpl; repeat apply Rmult_le_pos; lra.
Qed.

Lemma live_pos p : In p (live_exponentials γ σ2 s) -> 0 < snd p.
Proof. intros Hp. apply filter_In in Hp. destruct Hp as [_ H]. now destruct (Rlt_dec 0 (snd p)). Qed.

Lemma in_live p :
  In p (live_exponentials γ σ2 s) <-> In p (all_exponentials γ σ2 s) /\ 0 < snd p.
Proof.
  unfold live_exponentials. rewrite filter_In. destruct (Rlt_dec 0 (snd p)); intuition easy.
Qed.

(** The live exponents are those of the terms, up to the factor ±2. *)
Lemma T16_live_exponents v :
  In v (live_exponents γ σ2 s) <->
  exists k, In k s /\ ((0 < γ * joint_charge k /\ v = scaled 2 (rates k))
                       \/ (0 < σ2 * joint_noise k /\ v = scaled (-2) (rates k))).
Proof.
  unfold live_exponents. rewrite in_map_iff. split.
  - intros [p [<- Hp]]. apply in_live in Hp. destruct Hp as [Hp Hw].
    apply in_all_exponentials in Hp. destruct Hp as [k [Hk [-> | ->]]]; simpl in *; exists k.
    + split; [easy|]. left. split; [lra|easy].
    + split; [easy|]. now right.
  - intros [k [Hk [[Hw ->]|[Hw ->]]]].
    + exists (scaled 2 (rates k), 2 * γ * joint_charge k). split; [easy|]. apply in_live. simpl.
      split; [apply in_all_exponentials; eauto|lra].
    + exists (scaled (-2) (rates k), σ2 * joint_noise k). split; [easy|]. apply in_live. simpl.
      split; [apply in_all_exponentials; eauto|easy].
Qed.

Lemma potential_all λ : Φ λ = joint_sum m (all_exponentials γ σ2 s) λ.
Proof.
  clear Hs. unfold joint_potential, joint_sum. induction s as [|k l IH]; [easy|].
  simpl in *. rewrite IH, !dot_scaled. ring.
Qed.

Lemma potential_live λ : Φ λ = joint_sum m (live_exponentials γ σ2 s) λ.
Proof.
  rewrite potential_all. unfold joint_sum, live_exponentials.
  pose proof all_nonneg as N. induction (all_exponentials γ σ2 s) as [|p l IH]; [easy|]. simpl.
  rewrite IH by (intros q Hq; apply N; now right).
  pose proof (N p (or_introl eq_refl)) as Hp.
  destruct (Rlt_dec 0 (snd p)) as [H|H]; [easy|].
  replace (snd p) with 0 by lra. ring.
Qed.

Lemma minimises_live x : minimises_on Φ x <-> minimises_on (joint_sum m (live_exponentials γ σ2 s)) x.
Proof.
  split; intros H y; specialize (H y); [rewrite <- !potential_live|rewrite !potential_live]; easy.
Qed.

Theorem T16_convex x y t :
  0 <= t <= 1 -> Φ (fun i => (1 - t) * x i + t * y i) <= (1 - t) * Φ x + t * Φ y.
Proof. intros Ht. rewrite !potential_all. apply joint_sum_convex; auto using all_nonneg. Qed.

(** ∇Φ = −(G_1 … G_m): the derivative along any direction u is −Σ u_i G_i. *)
Lemma slope_along_balance x u :
  slope (along m (all_exponentials γ σ2 s) x u) 0
  = - sum (fun i => u i * joint_balance m γ σ2 s i x) (seq 0 m).
Proof.
  set (X := fun k => 2 * σ2 * joint_noise k * exp (-2 * dot m (rates k) x)
                     - 4 * γ * joint_charge k * exp (2 * dot m (rates k) x)).
  transitivity (- sum (fun k => X k * dot m (rates k) u) s).
  - unfold slope, along. rewrite sum_map. clear Hs. induction s as [|k l IH]; [simpl; ring|].
    unfold all_exponentials in *. simpl in *. rewrite IH. unfold exponent, weight; simpl.
    rewrite !dot_scaled, !Rmult_0_r, exp_0. unfold X. ring.
  - f_equal. unfold joint_balance, dot. fold X.
    transitivity (sum (fun k => sum (fun i => u i * (rates k i * X k)) (seq 0 m)) s).
    + apply sum_ext. intros k _. rewrite <- sum_scal. apply sum_ext. intros; ring.
    + rewrite sum_swap. apply sum_ext. intros i _. rewrite sum_scal. reflexivity.
Qed.

Theorem T16_gradient x u :
  is_derive (fun t => Φ (on_line x u t)) 0
            (- sum (fun i => u i * joint_balance m γ σ2 s i x) (seq 0 m)).
Proof.
  rewrite <- slope_along_balance.
  apply (is_derive_ext (exponential_sum (along m (all_exponentials γ σ2 s) x u))).
  - intros t. rewrite potential_all. symmetry. apply joint_sum_along.
  - apply is_derive_exponential_sum.
Qed.

(** The minimisers are the joint equilibria. *)
Theorem T16_minimiser_iff_balanced x :
  minimises_on Φ x <-> forall i, (i < m)%nat -> joint_balance m γ σ2 s i x = 0.
Proof.
  assert (minimises_on Φ x <-> minimises_on (joint_sum m (all_exponentials γ σ2 s)) x) as ->.
  { split; intros H y; specialize (H y); [rewrite <- !potential_all|rewrite !potential_all]; easy. }
  rewrite joint_minimiser_iff by apply all_nonneg. split.
  - intros H i Hi. specialize (H (fun j => joint_balance m γ σ2 s j x)).
    rewrite slope_along_balance in H.
    (* The direction u_i = G_i: the sum of squares vanishes, so does every square. *)
    apply Rsqr_0_uniq. apply Rle_antisym; [|apply Rle_0_sqr].
    replace 0 with (sum (fun i => joint_balance m γ σ2 s i x * joint_balance m γ σ2 s i x) (seq 0 m)) by lra.
    apply (sum_ge_term (fun i => joint_balance m γ σ2 s i x * joint_balance m γ σ2 s i x)).
    + intros j _. apply Rle_0_sqr.
    + now apply in_range.
  - intros H u. rewrite slope_along_balance.
    rewrite (sum_zero (fun i => u i * joint_balance m γ σ2 s i x)); [ring|].
    intros i Hi. apply in_range in Hi. rewrite H by easy. ring.
Qed.

(** Unique up to the directions orthogonal to all live rates ... *)
Theorem T16_unique x y :
  minimises_on Φ x -> minimises_on Φ y ->
  forall k, In k s -> 0 < γ * joint_charge k \/ 0 < σ2 * joint_noise k ->
  dot m (rates k) (fun i => y i - x i) = 0.
Proof.
  intros Hx Hy k Hk Hw.
  apply minimises_live in Hx. apply minimises_live in Hy.
  assert (forall p, In p (live_exponentials γ σ2 s) -> 0 <= snd p) as N
    by (intros p Hp; left; now apply live_pos).
  pose proof (joint_minimiser_unique m _ N x y Hx Hy) as U.
  destruct Hw as [Hw|Hw].
  - specialize (U (scaled 2 (rates k), 2 * γ * joint_charge k)). simpl in U.
    rewrite dot_scaled in U. assert (2 * dot m (rates k) (fun i => y i - x i) = 0); [|lra].
    apply U; [|lra]. apply in_live. simpl. split; [apply in_all_exponentials; eauto|lra].
  - specialize (U (scaled (-2) (rates k), σ2 * joint_noise k)). simpl in U.
    rewrite dot_scaled in U. assert (-2 * dot m (rates k) (fun i => y i - x i) = 0); [|lra].
    apply U; [|easy]. apply in_live. simpl. split; [apply in_all_exponentials; eauto|easy].
Qed.

(** ... along which Φ is constant. *)
Theorem T16_flat x u :
  (forall k, In k s -> 0 < γ * joint_charge k \/ 0 < σ2 * joint_noise k -> dot m (rates k) u = 0) ->
  Φ (fun i => x i + u i) = Φ x.
Proof.
  intros H. destruct Hs as [Hγ [Hσ Hk]]. apply sum_ext. intros k Hin. destruct (Hk k Hin) as [Ha Hc].
  rewrite (dot_ext m (rates k) (rates k) _ (on_line x u 1)), dot_on_line
    by (intros; split; [easy|unfold on_line; ring]).
  pose proof (Rmult_le_pos _ _ Hγ Hc) as Wc. pose proof (Rmult_le_pos _ _ Hσ Ha) as Wa.
  destruct (Rlt_dec 0 (γ * joint_charge k)) as [L|L].
  { rewrite (H k Hin (or_introl L)). now rewrite Rmult_0_r, Rplus_0_r. }
  destruct (Rlt_dec 0 (σ2 * joint_noise k)) as [L'|L'].
  { rewrite (H k Hin (or_intror L')). now rewrite Rmult_0_r, Rplus_0_r. }
  replace (2 * γ * joint_charge k) with 0 by lra. replace (σ2 * joint_noise k) with 0 by lra. ring.
Qed.

(** The criterion of the hull, both directions. *)
Theorem T16_hull_criterion :
  (exists x, minimises_on Φ x) <-> positive_combination_of_zero m (live_exponents γ σ2 s).
Proof.
  split.
  - intros [x Hx]. apply minimises_live in Hx.
    now apply (minimiser_gives_combination m _ x live_pos).
  - intros H. destruct (combination_gives_minimiser m _ live_pos H) as [x Hx].
    exists x. now apply minimises_live.
Qed.

(** A direction of recession leaves no minimiser. *)
Theorem T16_recession u :
  (forall v, In v (live_exponents γ σ2 s) -> dot m v u <= 0) ->
  (exists v, In v (live_exponents γ σ2 s) /\ dot m v u < 0) ->
  ~ exists x, minimises_on Φ x.
Proof.
  intros Hle [v [Hv Hlt]] E. apply T16_hull_criterion in E. destruct E as [q [Hq [Hpos Hsum]]].
  pose proof (combination_dot m q u Hsum) as Z.
  rewrite <- Hq in Hv, Hle. apply in_map_iff in Hv. destruct Hv as [r [<- Hr]].
  assert (sum (fun q => snd q * dot m (fst q) u) q < sum (fun _ => 0) q) as L.
  { apply sum_lt.
    - intros k Hk. pose proof (Hpos k Hk). pose proof (Hle (fst k) (in_map fst q k Hk)). nra.
    - exists r. split; [easy|]. pose proof (Hpos r Hr). nra. }
  rewrite (sum_zero (fun _ => 0) q) in L by easy. lra.
Qed.

End T16.
