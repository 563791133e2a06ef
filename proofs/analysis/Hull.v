(** When 0 lies in the relative interior of the convex hull of finitely many vectors: exactly if some positive
    multiples of all of them add up to 0. *)

From Coq Require Import Reals List Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum Box.
Import ListNotations.
Local Open Scope R_scope.

Definition positive_combination_of_zero (m : nat) (V : list vector) : Prop :=
  exists l : list (vector * R),
    map fst l = V /\ (forall q, In q l -> 0 < snd q) /\
    forall i, (i < m)%nat -> sum (fun q => snd q * fst q i) l = 0.

(** A combination of zero is one of what the vectors measure. *)
Lemma combination_dot m (l : list (vector * R)) x :
  (forall i, (i < m)%nat -> sum (fun q => snd q * fst q i) l = 0) ->
  sum (fun q => snd q * dot m (fst q) x) l = 0.
Proof.
  intros H. transitivity (sum (fun q => sum (fun i => snd q * (fst q i * x i)) (seq 0 m)) l).
  - apply sum_ext. intros q _. unfold dot. now rewrite sum_scal.
  - rewrite sum_swap. apply sum_zero. intros i Hi. apply in_range in Hi.
    transitivity (x i * sum (fun q => snd q * fst q i) l).
    + rewrite <- sum_scal. apply sum_ext. intros; ring.
    + rewrite H by easy. ring.
Qed.

(** ** The hull, with coefficients by position *)

Definition origin : vector := fun _ => 0.

(** Coordinate i of Σ_j t_j v_j, where the v_j are the vectors of V. *)
Definition combination (V : list vector) (t : vector) (i : nat) : R :=
  dot (length V) (fun j => nth j V origin i) t.

Definition in_hull (m : nat) (V : list vector) (x : vector) : Prop :=
  exists q : vector,
    (forall j, (j < length V)%nat -> 0 <= q j) /\ sum q (seq 0 (length V)) = 1 /\
    forall i, (i < m)%nat -> combination V q i = x i.

(** 0 is in the hull, so that its affine hull is the span; and so is every point of the span close to 0. *)
Definition zero_in_relative_interior (m : nat) (V : list vector) : Prop :=
  in_hull m V origin /\
  exists δ, 0 < δ /\
  forall t, (forall i, (i < m)%nat -> Rabs (combination V t i) <= δ) -> in_hull m V (combination V t).

Lemma combination_linear V t u a b i :
  combination V (fun j => a * t j + b * u j) i = a * combination V t i + b * combination V u i.
Proof. apply dot_combination. Qed.

Lemma sum_by_position {A : Type} (f : A -> R) (l : list A) d :
  sum f l = sum (fun j => f (nth j l d)) (seq 0 (length l)).
Proof.
  induction l as [|t l IH]; [easy|]. simpl length. rewrite <- cons_seq. simpl sum at 1.
  rewrite IH, <- seq_shift. cbn [sum fold_right map]. fold (sum (fun j => f (nth j (t :: l) d)) (map S (seq 0 (length l)))).
  now rewrite sum_map.
Qed.

(** The two ways to write the coefficients. *)
Lemma positive_combination_by_position m V :
  positive_combination_of_zero m V <->
  exists p : vector, (forall j, (j < length V)%nat -> 0 < p j) /\
                     forall i, (i < m)%nat -> combination V p i = 0.
Proof.
  split.
  - intros [l [<- [Hpos Hsum]]]. set (d := (origin, 0)). rewrite map_length.
    exists (fun j => snd (nth j l d)). split.
    + intros j Hj. apply Hpos. now apply nth_In.
    + intros i Hi. rewrite <- (Hsum i Hi), (sum_by_position _ l d). unfold combination, dot.
      rewrite map_length. apply sum_ext. intros j Hj.
      change origin with (fst d). rewrite map_nth. apply Rmult_comm.
  - intros [p [Hpos Hsum]].
    exists (map (fun j => (nth j V origin, p j)) (seq 0 (length V))). repeat split.
    + rewrite map_map. simpl. clear. induction V as [|v V IH]; [easy|].
      simpl length. rewrite <- cons_seq, <- seq_shift. simpl. f_equal. now rewrite map_map.
    + intros q Hq. apply in_map_iff in Hq. destruct Hq as [j [<- Hj]]. apply in_range in Hj.
      now apply Hpos.
    + intros i Hi. rewrite sum_map, <- (Hsum i Hi). apply sum_ext. intros; simpl; ring.
Qed.

Lemma positive_combination_in_interior m V :
  V <> [] -> positive_combination_of_zero m V -> zero_in_relative_interior m V.
Proof.
  intros HV H. apply positive_combination_by_position in H. destruct H as [p0 [Hp0 Hz0]].
  set (n := length V) in *.
  assert (0 < n)%nat as Hn by (unfold n; destruct V; [easy|simpl; lia]).
  (* Normalised, p adds up to 1; π is below all of it. *)
  set (P := sum p0 (seq 0 n)).
  assert (0 < P) as HP.
  { apply sum_pos.
    - intros j Hj. apply in_range in Hj. left. now apply Hp0.
    - exists 0%nat. split; [now apply in_range|now apply Hp0]. }
  set (p := fun j => / P * p0 j + 0 * p0 j).
  assert (forall j, p j = / P * p0 j) as Ep by (intros; unfold p; ring).
  assert (forall j, (j < n)%nat -> 0 < p j) as Hp.
  { intros j Hj. rewrite Ep. apply Rmult_lt_0_compat; [now apply Rinv_0_lt_compat|now apply Hp0]. }
  assert (sum p (seq 0 n) = 1) as Hp1.
  { rewrite (sum_ext p (fun j => / P * p0 j)) by auto. rewrite sum_scal. fold P. field. lra. }
  assert (forall i, (i < m)%nat -> combination V p i = 0) as Hz.
  { intros i Hi. unfold p. rewrite combination_linear, Hz0 by easy. ring. }
  split.
  { exists p. repeat split; auto. intros j Hj. left. now apply Hp. }
  destruct (exists_bound (fun j => / p j) (seq 0 n)) as [b [Hb Hbp]].
  set (π := / (b + 1)).
  assert (0 < π <= 1) as Hπ.
  { unfold π. split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
  assert (forall j, (j < n)%nat -> π <= p j) as Hπp.
  { intros j Hj. pose proof (Hp j Hj) as Hpj. rewrite <- (Rinv_inv (p j)). unfold π.
    apply Rinv_le_contravar; [now apply Rinv_0_lt_compat|].
    assert (/ p j <= b) by (apply Hbp; now apply in_range). lra. }
  (* A point of the span has small coefficients if it is small. *)
  destruct (bounded_preimage n (map (fun i j => nth j V origin i) (seq 0 m))) as [K [HK Pre]].
  set (N := INR n).
  assert (0 <= N) as HN by apply pos_INR.
  set (δ := π / (2 * (K + 1) * (N + 1))).
  assert (0 < 2 * (K + 1) * (N + 1)) as Hd by (apply Rmult_lt_0_compat; lra).
  assert (0 < δ) as Hδ by (apply Rdiv_lt_0_compat; lra).
  assert (K * δ <= π / 2 /\ N * (K * δ) <= 1 / 2) as [B1 B2].
  { assert (K * δ = π / 2 * (K / (K + 1)) * / (N + 1)) as E1 by (unfold δ; field; lra).
    assert (N * (K * δ) = π / 2 * (K / (K + 1)) * (N / (N + 1))) as E2 by (unfold δ; field; lra).
    assert (0 <= K / (K + 1) <= 1) as F1.
    { split; [apply Rmult_le_pos; [easy|left; apply Rinv_0_lt_compat; lra]|].
      apply Rmult_le_reg_r with (K + 1); [lra|]. field_simplify; lra. }
    assert (0 <= N / (N + 1) <= 1) as F2.
    { split; [apply Rmult_le_pos; [easy|left; apply Rinv_0_lt_compat; lra]|].
      apply Rmult_le_reg_r with (N + 1); [lra|]. field_simplify; lra. }
    assert (0 <= / (N + 1) <= 1) as F3.
    { split; [left; apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
    assert (0 <= π / 2 * (K / (K + 1)) <= π / 2) as F4.
    { split; [apply Rmult_le_pos; lra|]. rewrite <- (Rmult_1_r (π / 2)) at 2. apply Rmult_le_compat_l; lra. }
    split; [rewrite E1|rewrite E2].
    - rewrite <- (Rmult_1_r (π / 2)). apply Rmult_le_compat; lra.
    - apply Rle_trans with (π / 2 * 1); [apply Rmult_le_compat; lra|lra]. }
  exists δ. split; [easy|]. intros t Ht.
  destruct (Pre t δ) as [u [Hu Hubox]].
  { intros v Hv. apply in_map_iff in Hv. destruct Hv as [i [<- Hi]]. apply in_range in Hi.
    exact (Ht i Hi). }
  { lra. }
  set (T := sum u (seq 0 n)).
  assert (T <= 1 / 2) as HT.
  { apply Rle_trans with (N * (K * δ)); [|easy]. unfold T, N.
    generalize Hubox. generalize (K * δ). clear. intros r. induction n as [|n IH]; intros Hr; [simpl; lra|].
    rewrite sum_range_S, S_INR.
    assert (u n <= r) by (eapply Rle_trans; [apply Rle_abs|apply Hr; lia]).
    assert (sum u (seq 0 n) <= INR n * r) by (apply IH; intros j Hj; apply Hr; lia). lra. }
  exists (fun j => (1 - T) * p j + 1 * u j). repeat split.
  - intros j Hj. pose proof (Hπp j Hj). pose proof (Hubox j Hj) as F.
    apply Rabs_le_between in F. assert (1 / 2 * π <= (1 - T) * p j) by (apply Rmult_le_compat; lra). lra.
  - rewrite sum_plus, sum_scal. rewrite (sum_ext (fun j => 1 * u j) u) by (intros; ring).
    fold n. rewrite Hp1. fold T. ring.
  - intros i Hi. rewrite combination_linear, Hz by easy.
    assert (combination V u i = combination V t i) as ->; [|ring].
    apply (Hu (fun j => nth j V origin i)). apply in_map_iff. exists i. split; [easy|now apply in_range].
Qed.

Lemma interior_gives_positive_combination m V :
  zero_in_relative_interior m V -> positive_combination_of_zero m V.
Proof.
  intros [_ [δ [Hδ Hin]]]. apply positive_combination_by_position. set (n := length V).
  (* One vector after the other: −εv_k is in the hull, so that εv_k plus its combination is 0. *)
  assert (forall k, (k <= n)%nat -> exists p : vector,
            (forall j, (j < n)%nat -> 0 <= p j) /\ (forall j, (j < k)%nat -> 0 < p j) /\
            forall i, (i < m)%nat -> combination V p i = 0) as H.
  2: { destruct (H n (Nat.le_refl n)) as [p [_ Hp]]. now exists p. }
  intros k. induction k as [|k IH]; intros Hk.
  - exists origin. repeat split; [intros; unfold origin; lra|intros; lia|].
    intros i _. unfold combination. apply dot_zero.
  - destruct IH as [p [Hp [Hpk Hz]]]; [lia|].
    destruct (exists_bound (fun i => Rabs (nth k V origin i)) (seq 0 m)) as [b [Hb Hbv]].
    set (ε := δ / (b + 1)).
    assert (0 < ε) as Hε by (apply Rdiv_lt_0_compat; lra).
    set (e := fun j => if (j =? k)%nat then 1 else 0).
    assert (forall i, combination V e i = nth k V origin i) as He.
    { intros i. unfold combination. fold n. clear - Hk.
      induction n as [|n IH]; [lia|]. rewrite dot_S. unfold e at 2.
      destruct (Nat.eqb_spec n k) as [->|N].
      - replace (dot k (fun j => nth j V origin i) e) with 0; [ring|]. symmetry. apply sum_zero.
        intros j Hj. apply in_range in Hj. unfold e. destruct (Nat.eqb_spec j k); [lia|ring].
      - rewrite IH by lia. ring. }
    destruct (Hin (fun j => - ε * e j + 0 * e j)) as [q [Hq [_ Hqz]]].
    { intros i Hi. rewrite combination_linear, He.
      replace (- ε * nth k V origin i + 0 * nth k V origin i) with (- (ε * nth k V origin i)) by ring.
      rewrite Rabs_Ropp, Rabs_mult, (Rabs_right ε) by lra.
      apply Rle_trans with (ε * (b + 1)); [|right; unfold ε; field; lra].
      apply Rmult_le_compat_l; [lra|].
      assert (Rabs (nth k V origin i) <= b) by (apply Hbv; now apply in_range). lra. }
    exists (fun j => 1 * p j + 1 * (ε * e j + 1 * q j)).
    assert (forall j, 0 <= ε * e j) as Hee.
    { intros j. apply Rmult_le_pos; [lra|]. unfold e. destruct (j =? k)%nat; lra. }
    repeat split.
    + intros j Hj. pose proof (Hp j Hj). pose proof (Hq j Hj). pose proof (Hee j). lra.
    + intros j Hj. assert (j < n)%nat as Hjn by lia. pose proof (Hq j Hjn) as Q.
      destruct (Nat.eq_dec j k) as [->|N].
      * pose proof (Hp k Hjn). unfold e. rewrite Nat.eqb_refl. lra.
      * assert (j < k)%nat as Hjk by lia. pose proof (Hpk j Hjk). pose proof (Hee j). lra.
    + intros i Hi. rewrite !combination_linear, Hz, Hqz, combination_linear by easy. ring.
Qed.

(** No vectors have no hull; their empty combination is 0 nevertheless. *)
Theorem T16_relative_interior m V :
  V <> [] -> (positive_combination_of_zero m V <-> zero_in_relative_interior m V).
Proof.
  intros HV. split; [now apply positive_combination_in_interior|apply interior_gives_positive_combination].
Qed.
