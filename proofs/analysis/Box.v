(** Vectors of R^m, and what T16 needs of compactness: a Lipschitz function attains its minimum on a box. *)

From Coq Require Import Reals List Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum.
Import ListNotations.
Local Open Scope R_scope.

(** A vector of R^m is a function of which only the values at 0 … m − 1 count. *)
Definition vector : Type := nat -> R.

(** ⟨u, v⟩ and ‖u‖₁ in R^m. *)
Definition dot (m : nat) (u v : vector) : R := sum (fun i => u i * v i) (seq 0 m).
Definition norm1 (m : nat) (u : vector) : R := sum (fun i => Rabs (u i)) (seq 0 m).

Lemma in_range m i : In i (seq 0 m) <-> (i < m)%nat.
Proof. rewrite in_seq. lia. Qed.

Lemma sum_range_S (f : nat -> R) m : sum f (seq 0 (S m)) = sum f (seq 0 m) + f m.
Proof. rewrite seq_S, sum_app. simpl. ring. Qed.

Lemma dot_S m u v : dot (S m) u v = dot m u v + u m * v m.
Proof. apply sum_range_S. Qed.

Lemma norm1_S m u : norm1 (S m) u = norm1 m u + Rabs (u m).
Proof. apply sum_range_S. Qed.

Lemma dot_ext m u u' v v' :
  (forall i, (i < m)%nat -> u i = u' i /\ v i = v' i) -> dot m u v = dot m u' v'.
Proof.
  intros H. apply sum_ext. intros i Hi. apply in_range in Hi. destruct (H i Hi) as [-> ->]. easy.
Qed.

Lemma dot_combination m u v w a b :
  dot m u (fun i => a * v i + b * w i) = a * dot m u v + b * dot m u w.
Proof.
  unfold dot. rewrite <- !sum_scal, <- sum_plus. apply sum_ext. intros; ring.
Qed.

Lemma dot_zero m u : dot m u (fun _ => 0) = 0.
Proof. apply sum_zero. intros; ring. Qed.

Lemma norm1_nonneg m u : 0 <= norm1 m u.
Proof. apply sum_nonneg. intros; apply Rabs_pos. Qed.

Lemma abs_coordinate_le_norm1 m u i : (i < m)%nat -> Rabs (u i) <= norm1 m u.
Proof.
  intros H. apply (sum_ge_term (fun i => Rabs (u i))); [intros; apply Rabs_pos|now apply in_range].
Qed.

Lemma abs_dot_le m u v b :
  (forall i, (i < m)%nat -> Rabs (v i) <= b) -> Rabs (dot m u v) <= norm1 m u * b.
Proof.
  induction m as [|m IH]; intros H.
  - unfold dot, norm1. simpl. rewrite Rabs_R0. lra.
  - rewrite dot_S, norm1_S, Rmult_plus_distr_r.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat.
    + apply IH. intros; apply H; lia.
    + rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos|]. apply H. lia.
Qed.

(** Finitely many numbers have a bound. *)
Lemma exists_bound {A : Type} (f : A -> R) (l : list A) :
  exists b, 0 <= b /\ forall t, In t l -> f t <= b.
Proof.
  induction l as [|t l [b [Hb H]]].
  - exists 0. split; [lra|easy].
  - exists (Rmax (f t) b). split; [eapply Rle_trans; [exact Hb|apply Rmax_r]|].
    intros u [->|Hu]; [apply Rmax_l|]. eapply Rle_trans; [now apply H|apply Rmax_r].
Qed.

(** x with its coordinate m set to t. *)
Definition update (x : vector) (m : nat) (t : R) : vector :=
  fun i => if (i =? m)%nat then t else x i.

Lemma update_same x m t : update x m t m = t.
Proof. unfold update. now rewrite Nat.eqb_refl. Qed.

Lemma update_other x m t i : (i < m)%nat -> update x m t i = x i.
Proof. intros H. unfold update. destruct (Nat.eqb_spec i m); [lia|easy]. Qed.

Lemma dot_update m u x t : dot m u (update x m t) = dot m u x.
Proof. apply dot_ext. intros i Hi. now rewrite update_other. Qed.

(** ** The minimum over a box *)

Definition in_box (m : nat) (b : R) (x : vector) : Prop := forall i, (i < m)%nat -> Rabs (x i) <= b.

Definition lipschitz_on_box (m : nat) (b K : R) (f : vector -> R) : Prop :=
  forall x y, in_box m b x -> in_box m b y -> Rabs (f x - f y) <= K * norm1 m (fun i => x i - y i).

(** The nearest point of [−b, b]. *)
Definition clamp (b t : R) : R := Rmax (- b) (Rmin b t).

Lemma clamp_in b t : 0 <= b -> Rabs (clamp b t) <= b.
Proof.
  intros H. apply Rabs_le. unfold clamp. split; [apply Rmax_l|].
  apply Rmax_lub; [lra|apply Rmin_l].
Qed.

Lemma clamp_id b t : Rabs t <= b -> clamp b t = t.
Proof.
  intros H. apply Rabs_le_between in H. unfold clamp. rewrite Rmin_right by lra. apply Rmax_right. lra.
Qed.

Lemma clamp_lipschitz b s t : Rabs (clamp b s - clamp b t) <= Rabs (s - t).
Proof.
  assert (forall a x y, Rabs (Rmin a x - Rmin a y) <= Rabs (x - y)) as Min.
  { intros a x y. unfold Rmin. destruct (Rle_dec a x), (Rle_dec a y); split_Rabs; lra. }
  assert (forall a x y, Rabs (Rmax a x - Rmax a y) <= Rabs (x - y)) as Max.
  { intros a x y. unfold Rmax. destruct (Rle_dec a x), (Rle_dec a y); split_Rabs; lra. }
  eapply Rle_trans; [apply Max|apply Min].
Qed.

Lemma lipschitz_continuous (g : R -> R) K :
  0 <= K -> (forall s t, Rabs (g s - g t) <= K * Rabs (s - t)) -> continuity g.
Proof.
  intros HK H t ε Hε. exists (ε / (K + 1)). split; [apply Rdiv_lt_0_compat; lra|].
  intros s [_ Hs]. unfold dist in *. simpl in *. unfold R_dist in *.
  eapply Rle_lt_trans; [apply H|].
  apply Rle_lt_trans with ((K + 1) * Rabs (s - t)).
  - apply Rmult_le_compat_r; [apply Rabs_pos|lra].
  - apply Rmult_lt_reg_l with (/ (K + 1)); [apply Rinv_0_lt_compat; lra|].
    replace (/ (K + 1) * ((K + 1) * Rabs (s - t))) with (Rabs (s - t)) by (field; lra).
    replace (/ (K + 1) * ε) with (ε / (K + 1)) by (unfold Rdiv; ring). easy.
Qed.

(** One coordinate at a time: the minimum over the others is a Lipschitz function of the last. *)
Lemma minimum_on_box m b K f :
  0 <= b -> 0 <= K -> lipschitz_on_box m b K f ->
  exists x, in_box m b x /\ forall y, in_box m b y -> f x <= f y.
Proof.
  intros Hb HK. revert f. induction m as [|m IH]; intros f Hf.
  - exists (fun _ => 0). split; [intros i Hi; lia|]. intros y _.
    assert (in_box 0 b (fun _ => 0)) as H0 by (intros i Hi; lia).
    assert (in_box 0 b y) as Hy by (intros i Hi; lia).
    pose proof (Hf _ _ H0 Hy) as E. unfold norm1 in E. simpl in E. rewrite Rmult_0_r in E.
    apply Rabs_le_between in E. lra.
  - assert (forall x t, in_box m b x -> in_box (S m) b (update x m (clamp b t))) as Hbox.
    { intros x t Hx i Hi. destruct (Nat.eq_dec i m) as [->|N].
      - rewrite update_same. now apply clamp_in.
      - rewrite update_other by lia. apply Hx. lia. }
    assert (forall t, exists x, in_box m b x /\
              forall y, in_box m b y -> f (update x m (clamp b t)) <= f (update y m (clamp b t))) as Hx.
    { intros t. apply (IH (fun x => f (update x m (clamp b t)))). intros x y Hx Hy.
      eapply Rle_trans; [apply Hf; auto|]. right. f_equal. rewrite norm1_S, !update_same.
      replace (clamp b t - clamp b t) with 0 by ring. rewrite Rabs_R0, Rplus_0_r.
      apply sum_ext. intros i Hi. apply in_range in Hi. now rewrite !update_other. }
    (* g(t), the minimum with the last coordinate at t. *)
    set (g := fun t => real (Glb_Rbar (fun v => exists x, in_box m b x /\ v = f (update x m (clamp b t))))).
    assert (forall t x, in_box m b x ->
              (forall y, in_box m b y -> f (update x m (clamp b t)) <= f (update y m (clamp b t))) ->
              g t = f (update x m (clamp b t))) as Hg.
    { intros t x Hin Hmin. unfold g.
      rewrite (is_glb_Rbar_unique _ (Finite (f (update x m (clamp b t))))); [easy|].
      split.
      - intros v [y [Hy ->]]. simpl. now apply Hmin.
      - intros l Hl. apply Hl. exists x. easy. }
    assert (forall s t, g s <= g t + K * Rabs (s - t)) as Hgle.
    { intros s t. destruct (Hx s) as [x [Hxin Hxmin]]. destruct (Hx t) as [y [Hyin Hymin]].
      rewrite (Hg s x), (Hg t y) by easy.
      eapply Rle_trans; [now apply (Hxmin y)|].
      pose proof (Hf _ _ (Hbox y s Hyin) (Hbox y t Hyin)) as E.
      rewrite norm1_S, !update_same in E.
      replace (norm1 m (fun i => update y m (clamp b s) i - update y m (clamp b t) i)) with 0 in E.
      2: { symmetry. apply sum_zero. intros i Hi. apply in_range in Hi. rewrite !update_other by easy.
           replace (y i - y i) with 0 by ring. apply Rabs_R0. }
      rewrite Rplus_0_l in E. apply Rabs_le_between in E.
      pose proof (Rmult_le_compat_l K _ _ HK (clamp_lipschitz b s t)). lra. }
    assert (continuity g) as Cg.
    { apply (lipschitz_continuous g K HK). intros s t.
      pose proof (Hgle s t) as E. pose proof (Hgle t s) as F. rewrite Rabs_minus_sym in F.
      apply Rabs_le. lra. }
    destruct (continuity_ab_min g (- b) b) as [t [Ht Htin]]; [lra|intros; apply Cg|].
    destruct (Hx t) as [x [Hxin Hxmin]].
    exists (update x m (clamp b t)). split; [now apply Hbox|].
    intros y Hy. rewrite <- (Hg t x Hxin Hxmin).
    assert (Rabs (y m) <= b) as Hym by (apply Hy; lia).
    assert (- b <= y m <= b) as Hym' by now apply Rabs_le_between.
    assert (in_box m b y) as Hyin by (intros i Hi; apply Hy; lia).
    eapply Rle_trans; [now apply (Ht (y m))|].
    destruct (Hx (y m)) as [z [Hzin Hzmin]]. rewrite (Hg (y m) z) by easy.
    eapply Rle_trans; [now apply (Hzmin y)|].
    assert (in_box (S m) b (update y m (clamp b (y m)))) as Hu by now apply Hbox.
    pose proof (Hf _ _ Hu Hy) as E.
    rewrite norm1_S, update_same, clamp_id in E by easy.
    replace (norm1 m (fun i => update y m (y m) i - y i)) with 0 in E.
    2: { symmetry. apply sum_zero. intros i Hi. apply in_range in Hi. rewrite update_other by easy.
         replace (y i - y i) with 0 by ring. apply Rabs_R0. }
    replace (y m - y m) with 0 in E by ring. rewrite Rabs_R0, Rplus_0_l, Rmult_0_r in E.
    rewrite clamp_id by easy. apply Rabs_le_between in E. lra.
Qed.

(** ** Preimages of bounded size

    What the vectors of a list measure of x, they measure of some x' that is no larger than K times the
    measurements: Gaussian elimination, one coordinate at a time. *)
Lemma bounded_preimage m (V : list vector) :
  exists K, 0 <= K /\ forall x b, (forall v, In v V -> Rabs (dot m v x) <= b) -> 0 <= b ->
  exists x', (forall v, In v V -> dot m v x' = dot m v x) /\ in_box m (K * b) x'.
Proof.
  revert V. induction m as [|m IH]; intros V.
  - exists 0. split; [lra|]. intros x b _ _. exists x. split; [easy|intros i Hi; lia].
  - destruct (exists_or_none (fun v : vector => v m <> 0) V) as [[v0 [Hv0 Hne]]|Hall].
    + (* Eliminate coordinate m with v0. *)
      set (r := fun v : vector => v m / v0 m).
      set (e := fun (v : vector) i => v i - r v * v0 i).
      destruct (IH (map e V)) as [K [HK HIH]].
      destruct (exists_bound (fun v => 1 + Rabs (r v)) V) as [B [HB HBV]].
      assert (0 < Rabs (v0 m)) as Ha by now apply Rabs_pos_lt.
      set (L := (1 + norm1 m v0 * (K * B)) / Rabs (v0 m)).
      pose proof (norm1_nonneg m v0) as Hn0.
      assert (0 <= K * B) as HKB by now apply Rmult_le_pos.
      assert (0 <= L) as HL.
      { apply Rmult_le_pos; [|left; now apply Rinv_0_lt_compat].
        assert (0 <= norm1 m v0 * (K * B)) by now apply Rmult_le_pos. lra. }
      exists (Rmax (K * B) L). split; [eapply Rle_trans; [exact HKB|apply Rmax_l]|].
      intros x b Hx Hb.
      assert (forall v y, dot m (e v) y = dot m v y - r v * dot m v0 y) as He.
      { intros v y. unfold dot, e.
        replace (sum (fun i => v i * y i) (seq 0 m) - r v * sum (fun i => v0 i * y i) (seq 0 m))
          with (sum (fun i => v i * y i) (seq 0 m) + (- r v) * sum (fun i => v0 i * y i) (seq 0 m)) by ring.
        rewrite <- sum_scal, <- sum_plus. apply sum_ext. intros; ring. }
      assert (forall v, dot m (e v) x = dot (S m) v x - r v * dot (S m) v0 x) as Hex.
      { intros v. rewrite He, !dot_S. unfold r. field. easy. }
      destruct (HIH x (B * b)) as [y [Hy Hyb]].
      { intros w Hw. apply in_map_iff in Hw. destruct Hw as [v [<- Hv]]. rewrite Hex.
        apply Rle_trans with (Rabs (dot (S m) v x) + Rabs (r v) * Rabs (dot (S m) v0 x)).
        - rewrite <- Rabs_mult. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
        - apply Rle_trans with ((1 + Rabs (r v)) * b).
          + rewrite Rmult_plus_distr_r, Rmult_1_l. apply Rplus_le_compat; [now apply Hx|].
            apply Rmult_le_compat_l; [apply Rabs_pos|now apply Hx].
          + apply Rmult_le_compat_r; [easy|]. now apply (HBV v). }
      { now apply Rmult_le_pos. }
      set (t := (dot (S m) v0 x - dot m v0 y) / v0 m).
      exists (update y m t). split.
      * intros v Hv. rewrite dot_S, dot_update, update_same.
        assert (dot m (e v) y = dot m (e v) x) as E by (apply Hy; now apply in_map).
        rewrite He, Hex in E.
        replace (dot m v y) with (dot (S m) v x - r v * dot (S m) v0 x + r v * dot m v0 y) by lra.
        unfold t, r. field. easy.
      * intros i Hi. destruct (Nat.eq_dec i m) as [->|N].
        -- rewrite update_same. apply Rle_trans with (L * b).
           ++ unfold t, L. unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
              replace ((1 + norm1 m v0 * (K * B)) * / Rabs (v0 m) * b)
                with ((b + norm1 m v0 * (K * (B * b))) * / Rabs (v0 m)) by ring.
              apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|].
              eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp.
              apply Rplus_le_compat; [now apply Hx|]. now apply abs_dot_le.
           ++ apply Rmult_le_compat_r; [easy|apply Rmax_r].
        -- rewrite update_other by lia. apply Rle_trans with (K * (B * b)); [apply Hyb; lia|].
           rewrite <- Rmult_assoc. apply Rmult_le_compat_r; [easy|apply Rmax_l].
    + (* No vector of the list sees coordinate m. *)
      destruct (IH V) as [K [HK HIH]]. exists K. split; [easy|].
      assert (forall v y, In v V -> dot (S m) v y = dot m v y) as E.
      { intros v y Hv. rewrite dot_S. destruct (Req_dec (v m) 0) as [->|N]; [ring|].
        exfalso. now apply (Hall v). }
      intros x b Hx Hb. destruct (HIH x b) as [y [Hy Hyb]].
      { intros v Hv. rewrite <- E by easy. now apply Hx. }
      { easy. }
      exists (update y m 0). split.
      * intros v Hv. rewrite !E, dot_update by easy. now apply Hy.
      * intros i Hi. destruct (Nat.eq_dec i m) as [->|N].
        -- rewrite update_same, Rabs_R0. now apply Rmult_le_pos.
        -- rewrite update_other by lia. apply Hyb. lia.
Qed.
