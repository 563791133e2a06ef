(** Sums of exponentials S(x) = Σ w e^{vx} with weights w ≥ 0, and their slopes S'(x).

    The balance potential is such a sum and the balance function is minus its slope, so everything about
    one symmetry follows from what is proved here; so does everything about several, along lines. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum.
Import ListNotations.
Local Open Scope R_scope.

(** One exponential: the exponent v and the weight w. *)
Definition exponential : Type := (R * R)%type.
Definition exponent (p : exponential) : R := fst p.
Definition weight (p : exponential) : R := snd p.

Definition exponential_sum (l : list exponential) (x : R) : R :=
  sum (fun p => weight p * exp (exponent p * x)) l.

Definition slope (l : list exponential) (x : R) : R :=
  sum (fun p => weight p * (exponent p * exp (exponent p * x))) l.

Definition curvature (l : list exponential) (x : R) : R :=
  sum (fun p => weight p * (exponent p ^ 2 * exp (exponent p * x))) l.

Definition weights_nonneg (l : list exponential) : Prop := forall p, In p l -> 0 <= weight p.

(** Some exponential rises, some falls, some does either. *)
Definition rises (l : list exponential) : Prop :=
  exists p, In p l /\ 0 < exponent p /\ 0 < weight p.
Definition falls (l : list exponential) : Prop :=
  exists p, In p l /\ exponent p < 0 /\ 0 < weight p.
Definition moves (l : list exponential) : Prop := rises l \/ falls l.

Lemma is_derive_exponential_sum l x : is_derive (exponential_sum l) x (slope l x).
Proof.
  apply (is_derive_sum (fun p x => weight p * exp (exponent p * x))
                       (fun p x => weight p * (exponent p * exp (exponent p * x)))).
  intros p _. auto_derive; [easy|ring].
Qed.

Lemma is_derive_slope l x : is_derive (slope l) x (curvature l x).
Proof.
  apply (is_derive_sum (fun p x => weight p * (exponent p * exp (exponent p * x)))
                       (fun p x => weight p * (exponent p ^ 2 * exp (exponent p * x)))).
  intros p _. auto_derive; [easy|ring].
Qed.

Lemma continuous_slope l : continuity (slope l).
Proof.
  intros x. apply continuity_pt_filterlim. apply (ex_derive_continuous (slope l)).
  eexists. apply is_derive_slope.
Qed.

(** The summands of the slope grow with x. *)
Lemma slope_summand_le v x y : x <= y -> v * exp (v * x) <= v * exp (v * y).
Proof.
  intros H. destruct (Rtotal_order v 0) as [Hv|[->|Hv]].
  - assert (exp (v * y) <= exp (v * x)) as E.
    { apply exp_nondecreasing. apply Rmult_le_compat_neg_l; lra. }
    apply (Rmult_le_compat_neg_l v) in E; lra.
  - lra.
  - apply Rmult_le_compat_l; [lra|]. apply exp_nondecreasing. apply Rmult_le_compat_l; lra.
Qed.

Lemma slope_summand_lt v x y : v <> 0 -> x < y -> v * exp (v * x) < v * exp (v * y).
Proof.
  intros Hv H. destruct (Rtotal_order v 0) as [Hv'|[->|Hv']]; [|easy|].
  - assert (exp (v * y) < exp (v * x)) as E.
    { apply exp_increasing. apply Rmult_lt_gt_compat_neg_l; lra. }
    apply (Rmult_lt_gt_compat_neg_l v) in E; lra.
  - apply Rmult_lt_compat_l; [lra|]. apply exp_increasing. apply Rmult_lt_compat_l; lra.
Qed.

Lemma moves_iff l : moves l <-> exists p, In p l /\ exponent p <> 0 /\ 0 < weight p.
Proof.
  split.
  - intros [[p [H1 [H2 H3]]]|[p [H1 [H2 H3]]]]; exists p; repeat split; auto; lra.
  - intros [p [H1 [H2 H3]]].
    destruct (Rlt_le_dec (exponent p) 0); [right|left]; exists p; repeat split; auto; lra.
Qed.

Section WeightsNonneg.
Variable l : list exponential.
Hypothesis Hl : weights_nonneg l.

Lemma slope_nondecreasing : nondecreasing (slope l).
Proof.
  intros x y H. apply sum_le. intros p Hp. apply Rmult_le_compat_l; [auto|].
  now apply slope_summand_le.
Qed.

Lemma slope_strictly_increasing : moves l -> strictly_increasing (slope l).
Proof.
  intros M x y H. apply moves_iff in M. destruct M as [p [Hp [Hv Hw]]].
  apply sum_lt.
  - intros q Hq. apply Rmult_le_compat_l; [auto|]. apply slope_summand_le. lra.
  - exists p. split; [easy|]. apply Rmult_lt_compat_l; [easy|]. now apply slope_summand_lt.
Qed.

(** Without a rising exponential the slope is never positive, and so on. *)
Lemma slope_nonpos_unless_rises x : ~ rises l -> slope l x <= 0.
Proof.
  intros N. rewrite <- (sum_zero (fun _ => 0) l) by auto. apply sum_le. intros p Hp.
  pose proof (Hl p Hp) as Hw. pose proof (exp_pos (exponent p * x)) as He.
  destruct (Rle_lt_or_eq_dec _ _ Hw) as [Hw'|<-]; [|lra].
  destruct (Rlt_le_dec 0 (exponent p)) as [Hv|Hv]; [exfalso; apply N; exists p; auto|].
  assert (exponent p * exp (exponent p * x) <= 0) by nra. nra.
Qed.

Lemma slope_nonneg_unless_falls x : ~ falls l -> 0 <= slope l x.
Proof.
  intros N. apply sum_nonneg. intros p Hp.
  pose proof (Hl p Hp) as Hw. pose proof (exp_pos (exponent p * x)) as He.
  destruct (Rle_lt_or_eq_dec _ _ Hw) as [Hw'|<-]; [|lra].
  destruct (Rlt_le_dec (exponent p) 0) as [Hv|Hv]; [exfalso; apply N; exists p; auto|].
  assert (0 <= exponent p * exp (exponent p * x)) by nra. nra.
Qed.

Lemma slope_zero_unless_moves x : ~ moves l -> slope l x = 0.
Proof.
  unfold moves. intros N. apply Rle_antisym.
  - apply slope_nonpos_unless_rises; tauto.
  - apply slope_nonneg_unless_falls; tauto.
Qed.

(** A slope that moves and is bounded by 0 stays away from it. *)
Lemma slope_pos_if_only_rises x : rises l -> ~ falls l -> 0 < slope l x.
Proof.
  intros P N. apply Rle_lt_trans with (slope l (x - 1)).
  - now apply slope_nonneg_unless_falls.
  - apply slope_strictly_increasing; [now left|lra].
Qed.

Lemma slope_neg_if_only_falls x : falls l -> ~ rises l -> slope l x < 0.
Proof.
  intros P N. apply Rlt_le_trans with (slope l (x + 1)).
  - apply slope_strictly_increasing; [now right|lra].
  - now apply slope_nonpos_unless_rises.
Qed.

(** The slope grows beyond every bound to the right of a rising exponential: for x ≥ 0 the falling
    exponentials contribute no less than at 0, and the rising one at least w v (1 + v x). *)
Lemma slope_eventually_pos : rises l -> exists x, 0 < slope l x.
Proof.
  intros [p [Hp [Hv Hw]]].
  set (K := sum (fun q => weight q * Rabs (exponent q)) l).
  assert (0 <= K) as HK.
  { apply sum_nonneg. intros q Hq. apply Rmult_le_pos; [auto|apply Rabs_pos]. }
  set (x := (K + 1) / (weight p * exponent p ^ 2)).
  assert (0 < weight p * exponent p ^ 2) as Hd by (apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]).
  assert (0 <= x) as Hx by (apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]).
  exists x.
  (* Adding K makes every summand nonnegative. *)
  assert (weight p * (exponent p * exp (exponent p * x)) + weight p * Rabs (exponent p)
          <= slope l x + K) as H.
  { unfold slope, K. rewrite <- sum_plus.
    apply (sum_ge_term (fun q => weight q * (exponent q * exp (exponent q * x))
                                 + weight q * Rabs (exponent q))); [|easy].
    intros q Hq. rewrite <- Rmult_plus_distr_l. apply Rmult_le_pos; [auto|].
    pose proof (slope_summand_le (exponent q) 0 x Hx) as E.
    rewrite Rmult_0_r, exp_0, Rmult_1_r in E.
    pose proof (Rle_abs (- exponent q)) as E'. rewrite Rabs_Ropp in E'. lra. }
  assert (weight p * (exponent p * (exponent p * x)) <= weight p * (exponent p * exp (exponent p * x))).
  { apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; [lra|].
    pose proof (exp_ineq1_le (exponent p * x)). lra. }
  replace (weight p * (exponent p * (exponent p * x))) with (K + 1) in H0 by (unfold x; field; lra).
  assert (0 <= weight p * Rabs (exponent p)) by (apply Rmult_le_pos; [lra|apply Rabs_pos]).
  lra.
Qed.

End WeightsNonneg.

(** Reflection x ↦ −x exchanges rising and falling. *)
Definition reflect (l : list exponential) : list exponential :=
  map (fun p => (- exponent p, weight p)) l.

Lemma slope_reflect l x : slope (reflect l) x = - slope l (- x).
Proof.
  unfold slope, reflect. rewrite sum_map.
  replace (- sum (fun p => weight p * (exponent p * exp (exponent p * - x))) l)
    with ((-1) * sum (fun p => weight p * (exponent p * exp (exponent p * - x))) l) by ring.
  rewrite <- sum_scal. apply sum_ext. intros p _. unfold exponent, weight; simpl.
  replace (- fst p * x) with (fst p * - x) by ring. ring.
Qed.

Lemma slope_eventually_neg l : weights_nonneg l -> falls l -> exists x, slope l x < 0.
Proof.
  intros Hl [p [Hp [Hv Hw]]].
  destruct (slope_eventually_pos (reflect l)) as [x Hx].
  - intros q Hq. apply in_map_iff in Hq. destruct Hq as [r [<- Hr]]. exact (Hl r Hr).
  - exists (- exponent p, weight p). split; [apply in_map_iff; now exists p|].
    unfold exponent, weight in *; simpl. lra.
  - exists (- x). rewrite slope_reflect in Hx. lra.
Qed.

Lemma slope_has_zero l : weights_nonneg l -> rises l -> falls l -> exists x, slope l x = 0.
Proof.
  intros Hl P N.
  destruct (slope_eventually_pos l Hl P) as [b Hb]. destruct (slope_eventually_neg l Hl N) as [a Ha].
  destruct (IVT_gen (slope l) a b 0 (continuous_slope l)) as [x [_ Hx]]; [|eauto].
  rewrite Rmin_left, Rmax_right by lra. lra.
Qed.

(** ** Convexity and minimisers *)

Section Convexity.
Variable l : list exponential.
Hypothesis Hl : weights_nonneg l.

Lemma exponential_sum_convex : convex (exponential_sum l).
Proof.
  intros x y t Ht. unfold exponential_sum. rewrite <- !sum_scal, <- sum_plus. apply sum_le.
  intros p Hp.
  replace (exponent p * ((1 - t) * x + t * y))
    with ((1 - t) * (exponent p * x) + t * (exponent p * y)) by ring.
  pose proof (exp_convex (exponent p * x) (exponent p * y) t Ht) as E.
  apply (Rmult_le_compat_l (weight p)) in E; [lra|auto].
Qed.

Lemma exponential_sum_strictly_convex : moves l -> strictly_convex (exponential_sum l).
Proof.
  intros M x y t Hxy Ht. apply moves_iff in M. destruct M as [p [Hp [Hv Hw]]].
  unfold exponential_sum. rewrite <- !sum_scal, <- sum_plus. apply sum_lt.
  - intros q Hq.
    replace (exponent q * ((1 - t) * x + t * y))
      with ((1 - t) * (exponent q * x) + t * (exponent q * y)) by ring.
    assert (0 <= t <= 1) as Ht' by lra.
    pose proof (exp_convex (exponent q * x) (exponent q * y) t Ht') as E.
    apply (Rmult_le_compat_l (weight q)) in E; [lra|auto].
  - exists p. split; [easy|].
    replace (exponent p * ((1 - t) * x + t * y))
      with ((1 - t) * (exponent p * x) + t * (exponent p * y)) by ring.
    assert (exponent p * x <> exponent p * y) as Hne.
    { intros E. apply Hxy. now apply Rmult_eq_reg_l in E. }
    pose proof (exp_strictly_convex _ _ t Hne Ht) as E.
    apply (Rmult_lt_compat_l (weight p)) in E; [lra|auto].
Qed.

Lemma exponential_sum_above_tangent x y :
  exponential_sum l x + slope l x * (y - x) <= exponential_sum l y.
Proof.
  unfold exponential_sum, slope. rewrite Rmult_comm, <- sum_scal, <- sum_plus. apply sum_le.
  intros p Hp. pose proof (exp_above_tangent (exponent p * y) (exponent p * x)) as E.
  apply (Rmult_le_compat_l (weight p)) in E; [|auto]. eapply Rle_trans; [|exact E].
  right. ring.
Qed.

(** The minimisers are the zeros of the slope. *)
Lemma minimises_iff_slope_zero x : minimises (exponential_sum l) x <-> slope l x = 0.
Proof.
  split.
  - intros H.
    assert (derivable_pt (exponential_sum l) x) as pr.
    { exists (slope l x). apply is_derive_Reals. apply is_derive_exponential_sum. }
    pose proof (deriv_minimum (exponential_sum l) (x - 1) (x + 1) x pr) as E.
    rewrite Derive_Reals in E.
    rewrite (is_derive_unique _ _ _ (is_derive_exponential_sum l x)) in E.
    apply E; try lra. intros y _ _. apply H.
  - intros H y. pose proof (exponential_sum_above_tangent x y) as E. rewrite H in E. lra.
Qed.

Lemma curvature_nonneg x : 0 <= curvature l x.
Proof.
  apply sum_nonneg. intros p Hp. apply Rmult_le_pos; [auto|].
  apply Rmult_le_pos; [apply pow2_ge_0|left; apply exp_pos].
Qed.

Lemma curvature_pos x : moves l -> 0 < curvature l x.
Proof.
  intros M. apply moves_iff in M. destruct M as [p [Hp [Hv Hw]]]. apply sum_pos.
  - intros q Hq. apply Rmult_le_pos; [auto|].
    apply Rmult_le_pos; [apply pow2_ge_0|left; apply exp_pos].
  - exists p. split; [easy|]. apply Rmult_lt_0_compat; [easy|].
    apply Rmult_lt_0_compat; [|apply exp_pos].
    destruct (Rtotal_order (exponent p) 0) as [H|[H|H]]; [nra|easy|nra].
Qed.

End Convexity.
