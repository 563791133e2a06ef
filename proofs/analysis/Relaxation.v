(** T14: the flow along the orbit, its linearisation at λ*, and how fast it arrives. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

(** λ̇ = G(λ) / (2‖Aθ_λ‖²) *)
Definition flow (γ σ2 : R) (s : spectrum) (λ : R) : R :=
  balance γ σ2 s λ / (2 * speed2_at s λ).

(** κ = −G'(λ* ) / (2 Σ μ² c e^{2μλ*}) *)
Definition relaxation_rate (γ σ2 : R) (s : spectrum) (λ_star : R) : R :=
  - balance_slope γ σ2 s λ_star / (2 * speed2_at s λ_star).

(** ** How fast a function decays

    Where δδ̇ ≤ −qδ², |δ| decays at least as e^{−qt}; where δδ̇ ≥ −qδ², at most. *)

Section Decay.
Variables (δ v : R -> R) (q T : R).
Hypothesis HT : 0 <= T.
Hypothesis D : forall t, 0 <= t <= T -> is_derive δ t (v t).

Let f t := δ t ^ 2 * exp (2 * q * t).
Let f' t := (2 * (δ t * v t + q * δ t ^ 2)) * exp (2 * q * t).

Lemma is_derive_square t : 0 <= t <= T -> is_derive f t (f' t).
Proof.
  intros Ht. unfold f, f'. evar_last.
  - apply (is_derive_mult (fun t => δ t ^ 2) (fun t => exp (2 * q * t))).
    + apply (is_derive_pow δ 2). now apply D.
    + auto_derive; [easy|reflexivity].
    + intros; apply Rmult_comm.
  - unfold plus, mult; simpl. ring.
Qed.

Lemma square_at_end : δ T ^ 2 = f T * exp (- q * T) ^ 2.
Proof.
  unfold f. replace (exp (- q * T) ^ 2) with (exp (- (2 * q * T))).
  - rewrite Rmult_assoc, <- exp_plus. replace (2 * q * T + - (2 * q * T)) with 0 by ring. rewrite exp_0. ring.
  - simpl. rewrite Rmult_1_r, <- exp_plus. f_equal. ring.
Qed.

Lemma square_at_start : f 0 = δ 0 ^ 2.
Proof. unfold f. rewrite Rmult_0_r, exp_0. ring. Qed.

Lemma decays_at_least : (forall t, 0 <= t <= T -> δ t * v t <= - q * δ t ^ 2) ->
  Rabs (δ T) <= Rabs (δ 0) * exp (- q * T).
Proof.
  intros H. pose proof (exp_pos (- q * T)) as P.
  rewrite <- (Rabs_pos_eq (exp (- q * T))), <- Rabs_mult by lra. apply Rsqr_le_abs_0.
  rewrite !Rsqr_pow2, Rpow_mult_distr, square_at_end, <- square_at_start.
  apply Rmult_le_compat_r; [apply pow2_ge_0|].
  apply (le_of_derivative f f'); auto using is_derive_square.
  intros t Ht. specialize (H t Ht). pose proof (exp_pos (2 * q * t)). unfold f'. nra.
Qed.

Lemma decays_at_most : (forall t, 0 <= t <= T -> - q * δ t ^ 2 <= δ t * v t) ->
  Rabs (δ 0) * exp (- q * T) <= Rabs (δ T).
Proof.
  intros H. pose proof (exp_pos (- q * T)) as P.
  rewrite <- (Rabs_pos_eq (exp (- q * T))), <- Rabs_mult by lra. apply Rsqr_le_abs_0.
  rewrite !Rsqr_pow2, Rpow_mult_distr, square_at_end, <- square_at_start.
  apply Rmult_le_compat_r; [apply pow2_ge_0|]. apply Ropp_le_cancel.
  apply (le_of_derivative (fun t => - f t) (fun t => - f' t)); auto.
  - intros t Ht. apply (is_derive_opp f). now apply is_derive_square.
  - intros t Ht. specialize (H t Ht). pose proof (exp_pos (2 * q * t)). unfold f'. nra.
Qed.

End Decay.

(** Measured from a fixed value, a function has the same derivative. *)
Lemma is_derive_from (f : R -> R) (a t l : R) : is_derive f t l -> is_derive (fun t => f t - a) t l.
Proof.
  intros D. evar_last; [apply (is_derive_minus f (fun _ => a)); [exact D|apply is_derive_const]|].
  unfold minus, plus, opp, zero; simpl. ring.
Qed.

Section T14.
Variables (γ σ2 : R) (s : spectrum).
Hypothesis Hs : admissible γ σ2 s.
Hypothesis Hmoving : some_moving s.

Local Notation G := (balance γ σ2 s).
Local Notation κ := (relaxation_rate γ σ2 s).

Let Hpos λ : 0 < speed2_at s λ := speed2_pos s λ (proj2 (proj2 Hs)) Hmoving.

(** A motion along the orbit follows this flow exactly if its charge obeys T4, Ċ = G. *)
Theorem T14_charge_law (λ : R -> R) t :
  is_derive λ t (flow γ σ2 s (λ t)) -> is_derive (fun t => charge_at s (λ t)) t (G (λ t)).
Proof.
  intros D. pose proof (Hpos (λ t)) as P.
  pose proof (is_derive_comp (charge_at s) λ t _ _ (T10_charge_derivative s (λ t)) D) as E.
  assert (flow γ σ2 s (λ t) * (2 * speed2_at s (λ t)) = G (λ t)) as F by (unfold flow; field; lra).
  rewrite <- F. exact E.
Qed.

Theorem T14_flow_of_charge_law (λ : R -> R) t :
  ex_derive λ t -> is_derive (fun t => charge_at s (λ t)) t (G (λ t)) ->
  is_derive λ t (flow γ σ2 s (λ t)).
Proof.
  intros [v D] E. pose proof (Hpos (λ t)) as P.
  pose proof (is_derive_comp (charge_at s) λ t _ _ (T10_charge_derivative s (λ t)) D) as F.
  apply is_derive_unique in E. apply is_derive_unique in F. rewrite E in F.
  change (G (λ t) = v * (2 * speed2_at s (λ t))) in F.
  assert (@eq R (flow γ σ2 s (λ t)) v) as ->; [|easy]. unfold flow. rewrite F. field. lra.
Qed.

Lemma is_derive_speed2 λ : ex_derive (speed2_at s) λ.
Proof.
  exists (sum (fun k => rate k ^ 2 * charge k * (2 * rate k * exp (2 * rate k * λ))) s).
  apply (is_derive_sum (fun k λ => rate k ^ 2 * charge k * exp (2 * rate k * λ))
                       (fun k λ => rate k ^ 2 * charge k * (2 * rate k * exp (2 * rate k * λ)))).
  intros k _. auto_derive; [easy|ring].
Qed.

(** The linearisation of the flow at λ* is −κ. *)
Theorem T14_linearisation λ_star :
  G λ_star = 0 -> is_derive (flow γ σ2 s) λ_star (- κ λ_star).
Proof.
  intros Z. destruct (is_derive_speed2 λ_star) as [d D]. pose proof (Hpos λ_star) as P.
  evar_last.
  - apply (is_derive_div (balance γ σ2 s) (fun λ => 2 * speed2_at s λ)).
    + apply T7_balance_derivative.
    + apply (is_derive_scal (speed2_at s) λ_star 2). exact D.
    + lra.
  - rewrite Z. unfold relaxation_rate. simpl. field. lra.
Qed.

Theorem T14_rate_positive λ : some_live γ σ2 s -> 0 < κ λ.
Proof.
  intros L. apply Rdiv_lt_0_compat; [|pose proof (Hpos λ); lra].
  pose proof (proj2 (T7_balance_slope_sign γ σ2 s Hs λ) L). lra.
Qed.

(** ** How near, how fast

    With m at least every |μ|, moving λ by δ changes −G' and ‖Aθ‖² by factors between e^{−2m|δ|} and e^{2m|δ|}. *)

Variable m : R.
Hypothesis Hm : forall k, In k s -> Rabs (rate k) <= m.

Lemma exp_factor r x y d :
  Rabs r <= 2 * m -> Rabs (y - x) <= d ->
  exp (- (2 * m * d)) * exp (r * x) <= exp (r * y) <= exp (2 * m * d) * exp (r * x).
Proof.
  intros Hr Hd. rewrite <- !exp_plus.
  assert (Rabs (r * (y - x)) <= 2 * m * d) as E.
  { rewrite Rabs_mult. apply Rmult_le_compat; auto using Rabs_pos. }
  replace (r * (y - x)) with (r * y - r * x) in E by ring.
  apply Rabs_le_between in E. split; apply exp_nondecreasing; lra.
Qed.

Lemma rate_bound k r : In k s -> r = 2 * rate k \/ r = -2 * rate k -> Rabs r <= 2 * m.
Proof.
  intros Hk Hr. pose proof (Hm k Hk).
  destruct Hr as [-> | ->]; rewrite Rabs_mult; [rewrite (Rabs_right 2) by lra|rewrite (Rabs_left (-2)) by lra]; lra.
Qed.

Lemma slope_factor x y d :
  Rabs (y - x) <= d ->
  exp (- (2 * m * d)) * - balance_slope γ σ2 s x <= - balance_slope γ σ2 s y
  <= exp (2 * m * d) * - balance_slope γ σ2 s x.
Proof.
  intros Hd. unfold balance_slope. rewrite !Ropp_involutive, <- !sum_scal.
  pose proof Hs as [Hγ [Hσ Hk]].
  split; apply sum_le; intros k Hin; destruct (Hk k Hin) as [Ha Hc];
    destruct (exp_factor (2 * rate k) x y d (rate_bound k _ Hin (or_introl eq_refl)) Hd);
    destruct (exp_factor (-2 * rate k) x y d (rate_bound k _ Hin (or_intror eq_refl)) Hd);
    assert (0 <= 4 * σ2 * noise k) by (repeat apply Rmult_le_pos; lra);
    assert (0 <= 8 * γ * charge k) by (repeat apply Rmult_le_pos; lra);
    match goal with |- context [exp ?z * (rate k ^ 2 * _)] => set (f := exp z) in * end.
  - replace (f * (rate k ^ 2 * (4 * σ2 * noise k * exp (-2 * rate k * x) + 8 * γ * charge k * exp (2 * rate k * x))))
      with (rate k ^ 2 * (4 * σ2 * noise k * (f * exp (-2 * rate k * x)) + 8 * γ * charge k * (f * exp (2 * rate k * x))))
      by ring.
    apply Rmult_le_compat_l; [apply pow2_ge_0|]. apply Rplus_le_compat; apply Rmult_le_compat_l; auto.
  - replace (f * (rate k ^ 2 * (4 * σ2 * noise k * exp (-2 * rate k * x) + 8 * γ * charge k * exp (2 * rate k * x))))
      with (rate k ^ 2 * (4 * σ2 * noise k * (f * exp (-2 * rate k * x)) + 8 * γ * charge k * (f * exp (2 * rate k * x))))
      by ring.
    apply Rmult_le_compat_l; [apply pow2_ge_0|]. apply Rplus_le_compat; apply Rmult_le_compat_l; auto.
Qed.

Lemma speed2_factor x y d :
  Rabs (y - x) <= d ->
  exp (- (2 * m * d)) * speed2_at s x <= speed2_at s y <= exp (2 * m * d) * speed2_at s x.
Proof.
  intros Hd. unfold speed2_at. rewrite <- !sum_scal. pose proof Hs as [_ [_ Hk]].
  split; apply sum_le; intros k Hin; destruct (Hk k Hin) as [_ Hc];
    destruct (exp_factor (2 * rate k) x y d (rate_bound k _ Hin (or_introl eq_refl)) Hd);
    assert (0 <= rate k ^ 2 * charge k) by (apply Rmult_le_pos; auto; apply pow2_ge_0).
  - replace (exp (- (2 * m * d)) * (rate k ^ 2 * charge k * exp (2 * rate k * x)))
      with (rate k ^ 2 * charge k * (exp (- (2 * m * d)) * exp (2 * rate k * x))) by ring.
    now apply Rmult_le_compat_l.
  - replace (exp (2 * m * d) * (rate k ^ 2 * charge k * exp (2 * rate k * x)))
      with (rate k ^ 2 * charge k * (exp (2 * m * d) * exp (2 * rate k * x))) by ring.
    now apply Rmult_le_compat_l.
Qed.

Variable λ_star : R.
Hypothesis Hzero : G λ_star = 0.

(** A function f with derivative f' changes by f'(c)(λ − λ* ) for some c between the two. *)
Lemma mean_value (f f' : R -> R) λ :
  (forall x, is_derive f x (f' x)) ->
  exists c, Rabs (c - λ_star) <= Rabs (λ - λ_star) /\ f λ - f λ_star = f' c * (λ - λ_star).
Proof.
  intros D. destruct (MVT_gen f λ_star λ f') as [c [Hc E]].
  - intros; apply D.
  - intros x _. apply continuity_pt_filterlim. apply (ex_derive_continuous f). eexists. apply D.
  - exists c. split; [|exact E]. destruct (Rle_dec λ_star λ) as [L|L].
    + rewrite Rmin_left, Rmax_right in Hc by lra. rewrite !Rabs_right by lra. lra.
    + rewrite Rmin_right, Rmax_left in Hc by lra. rewrite !Rabs_left1 by lra. lra.
Qed.

Lemma balance_mean_value λ :
  exists c, Rabs (c - λ_star) <= Rabs (λ - λ_star) /\ G λ = balance_slope γ σ2 s c * (λ - λ_star).
Proof.
  destruct (mean_value G (balance_slope γ σ2 s) λ (T7_balance_derivative γ σ2 s)) as [c [Hc E]].
  exists c. split; [easy|]. rewrite Hzero in E. lra.
Qed.

(** δ̇ = −κ r δ with e^{−4m|δ|} ≤ r ≤ e^{4m|δ|}. *)
Theorem T14_flow_near λ :
  exists r, flow γ σ2 s λ = - κ λ_star * r * (λ - λ_star) /\
            exp (- (4 * m * Rabs (λ - λ_star))) <= r <= exp (4 * m * Rabs (λ - λ_star)).
Proof.
  set (d := Rabs (λ - λ_star)).
  destruct (balance_mean_value λ) as [c [Hc E]]. fold d in Hc.
  pose proof (Hpos λ) as Pλ. pose proof (Hpos λ_star) as P.
  destruct (Classical_Prop.classic (some_live γ σ2 s)) as [L|N].
  - pose proof (T7_balance_slope_sign γ σ2 s Hs λ_star) as [_ S]. specialize (S L).
    destruct (slope_factor λ_star c d Hc) as [S1 S2].
    destruct (speed2_factor λ_star λ d (Rle_refl d)) as [V1 V2].
    exists ((balance_slope γ σ2 s c / balance_slope γ σ2 s λ_star) * (speed2_at s λ_star / speed2_at s λ)).
    split; [unfold flow, relaxation_rate; rewrite E; field; lra|].
    assert (forall u, exp (4 * m * u) = exp (2 * m * u) * exp (2 * m * u)) as X
      by (intros u; rewrite <- exp_plus; f_equal; ring).
    replace (- (4 * m * d)) with (4 * m * (- d)) by ring. rewrite !X.
    replace (- (2 * m * d)) with (2 * m * (- d)) in * by ring.
    assert (exp (2 * m * d) * exp (2 * m * - d) = 1) as I.
    { rewrite <- exp_plus. replace (2 * m * d + 2 * m * - d) with 0 by ring. apply exp_0. }
    pose proof (exp_pos (2 * m * d)) as Ep. pose proof (exp_pos (2 * m * - d)) as En.
    set (f := exp (2 * m * d)) in *. set (g := exp (2 * m * - d)) in *.
    assert (g <= balance_slope γ σ2 s c / balance_slope γ σ2 s λ_star <= f) as Q1.
    { split; apply Rmult_le_reg_r with (- balance_slope γ σ2 s λ_star); try lra;
        replace (balance_slope γ σ2 s c / balance_slope γ σ2 s λ_star * - balance_slope γ σ2 s λ_star)
          with (- balance_slope γ σ2 s c) by (field; lra); lra. }
    assert (g <= speed2_at s λ_star / speed2_at s λ <= f) as Q2.
    { split; apply Rmult_le_reg_r with (speed2_at s λ); try lra;
        replace (speed2_at s λ_star / speed2_at s λ * speed2_at s λ) with (speed2_at s λ_star) by (field; lra).
      - apply Rmult_le_reg_l with f; [lra|]. rewrite <- Rmult_assoc, I. lra.
      - apply Rmult_le_reg_l with g; [lra|]. rewrite <- Rmult_assoc, (Rmult_comm g f), I. lra. }
    split; apply Rmult_le_compat; lra.
  - (* Nothing is live: both sides vanish, and any r does. *)
    assert (forall x, balance_slope γ σ2 s x = 0) as Z.
    { intros x. pose proof (is_derive_unique _ _ _ (T7_balance_derivative γ σ2 s x)) as D.
      rewrite <- D. rewrite (Derive_ext _ (fun _ => 0)); [apply Derive_const|].
      intros t. now apply balance_zero_unless_live. }
    exists 1. split.
    + unfold flow, relaxation_rate. rewrite Z, balance_zero_unless_live by easy. field. lra.
    + rewrite <- exp_0.
      pose proof Hmoving as [k [Hk _]].
      assert (0 <= m) by (eapply Rle_trans; [apply (Rabs_pos (rate k))|now apply Hm]).
      assert (0 <= 4 * m * d) by (repeat apply Rmult_le_pos; try lra; apply Rabs_pos).
      split; apply exp_nondecreasing; lra.
Qed.

(** A motion along the flow that starts within ε of λ* stays there ... *)
Lemma T14_near (λ : R -> R) ε T :
  some_live γ σ2 s ->
  (forall t, 0 <= t <= T -> is_derive λ t (flow γ σ2 s (λ t))) -> Rabs (λ 0 - λ_star) <= ε ->
  forall t, 0 <= t <= T -> Rabs (λ t - λ_star) <= ε.
Proof.
  intros L D H0 t Ht. pose proof (T14_rate_positive λ_star L) as K.
  eapply Rle_trans; [|exact H0].
  pose proof (decays_at_least (fun t => λ t - λ_star) (fun t => flow γ σ2 s (λ t)) 0 t) as E.
  rewrite Ropp_0, Rmult_0_l, exp_0, Rmult_1_r in E. apply E; [easy| |]; intros u Hu.
  - apply is_derive_from; apply D; lra.
  - destruct (T14_flow_near (λ u)) as [r [-> [Hr _]]].
    pose proof (exp_pos (- (4 * m * Rabs (λ u - λ_star)))).
    assert (0 <= κ λ_star * r * (λ u - λ_star) ^ 2)
      by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]). nra.
Qed.

Lemma m_nonneg : 0 <= m.
Proof.
  pose proof Hmoving as [k [Hk _]]. eapply Rle_trans; [apply (Rabs_pos (rate k))|now apply Hm].
Qed.

(** ... and comes closer, at a rate between κe^{−4mε} and κe^{4mε}. *)
Theorem T14_decay (λ : R -> R) ε T :
  0 <= T -> some_live γ σ2 s ->
  (forall t, 0 <= t <= T -> is_derive λ t (flow γ σ2 s (λ t))) -> Rabs (λ 0 - λ_star) <= ε ->
  Rabs (λ 0 - λ_star) * exp (- κ λ_star * exp (4 * m * ε) * T) <= Rabs (λ T - λ_star)
  <= Rabs (λ 0 - λ_star) * exp (- κ λ_star * exp (- (4 * m * ε)) * T).
Proof.
  intros HT L D H0. pose proof (T14_rate_positive λ_star L) as K. pose proof m_nonneg as Hm0.
  replace (- κ λ_star * exp (4 * m * ε)) with (- (κ λ_star * exp (4 * m * ε))) by ring.
  replace (- κ λ_star * exp (- (4 * m * ε))) with (- (κ λ_star * exp (- (4 * m * ε)))) by ring.
  assert (forall t, 0 <= t <= T -> is_derive (fun t => λ t - λ_star) t (flow γ σ2 s (λ t))) as D'
    by (intros; now apply is_derive_from, D).
  split; [apply (decays_at_most (fun t => λ t - λ_star) (fun t => flow γ σ2 s (λ t))); auto
         |apply (decays_at_least (fun t => λ t - λ_star) (fun t => flow γ σ2 s (λ t))); auto];
    intros t Ht; pose proof (T14_near λ ε T L D H0 t Ht) as N; pose proof (pow2_ge_0 (λ t - λ_star)) as Sq;
    destruct (T14_flow_near (λ t)) as [r [-> [Hr1 Hr2]]].
  - assert (r <= exp (4 * m * ε)) as Hr.
    { eapply Rle_trans; [exact Hr2|]. apply exp_nondecreasing. apply Rmult_le_compat_l; lra. }
    assert (0 <= κ λ_star * (exp (4 * m * ε) - r) * (λ t - λ_star) ^ 2)
      by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|easy]). nra.
  - assert (exp (- (4 * m * ε)) <= r) as Hr.
    { eapply Rle_trans; [|exact Hr1]. apply exp_nondecreasing. apply Ropp_le_contravar.
      apply Rmult_le_compat_l; lra. }
    assert (0 <= κ λ_star * (r - exp (- (4 * m * ε))) * (λ t - λ_star) ^ 2)
      by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|easy]). nra.
Qed.

(** So does the charge: C − C* = 2‖Aθ_ξ‖²(λ − λ* ) and Ċ = G = G'(c)(λ − λ* ), ξ and c between λ and λ*. *)
Theorem T14_charge_decay (λ : R -> R) ε T :
  0 <= T -> some_live γ σ2 s ->
  (forall t, 0 <= t <= T -> is_derive λ t (flow γ σ2 s (λ t))) -> Rabs (λ 0 - λ_star) <= ε ->
  Rabs (charge_at s (λ 0) - charge_at s λ_star) * exp (- κ λ_star * exp (4 * m * ε) * T)
  <= Rabs (charge_at s (λ T) - charge_at s λ_star)
  <= Rabs (charge_at s (λ 0) - charge_at s λ_star) * exp (- κ λ_star * exp (- (4 * m * ε)) * T).
Proof.
  intros HT L D H0. pose proof (Hpos λ_star) as P.
  pose proof (T7_balance_slope_sign γ σ2 s Hs λ_star) as [_ S]. specialize (S L).
  set (δ := fun t => charge_at s (λ t) - charge_at s λ_star).
  assert (forall t, 0 <= t <= T -> is_derive δ t (G (λ t))) as D'
    by (intros t Ht; apply (is_derive_from (fun t => charge_at s (λ t))); now apply T14_charge_law, D).
  assert (forall t, 0 <= t <= T ->
    - (κ λ_star * exp (4 * m * ε)) * δ t ^ 2 <= δ t * G (λ t) <= - (κ λ_star * exp (- (4 * m * ε))) * δ t ^ 2) as B.
  { intros t Ht. pose proof (T14_near λ ε T L D H0 t Ht) as N.
    destruct (mean_value (charge_at s) (fun x => 2 * speed2_at s x) (λ t) (T10_charge_derivative s)) as [ξ [Hξ E]].
    destruct (balance_mean_value (λ t)) as [c [Hc E']].
    fold (δ t) in E. rewrite E, E'. pose proof (Hpos ξ) as Pξ.
    destruct (slope_factor λ_star c ε) as [S1 S2]; [lra|].
    destruct (speed2_factor ξ λ_star ε) as [V1 V2]; [rewrite Rabs_minus_sym; lra|].
    replace (exp (4 * m * ε)) with (exp (2 * m * ε) * exp (2 * m * ε)) by (rewrite <- exp_plus; f_equal; ring).
    replace (exp (- (4 * m * ε))) with (exp (- (2 * m * ε)) * exp (- (2 * m * ε)))
      by (rewrite <- exp_plus; f_equal; ring).
    pose proof (exp_pos (2 * m * ε)) as Ep. pose proof (exp_pos (- (2 * m * ε))) as En.
    set (f := exp (2 * m * ε)) in *. set (g := exp (- (2 * m * ε))) in *.
    set (v := speed2_at s λ_star) in *. set (w := speed2_at s ξ) in *.
    set (a := - balance_slope γ σ2 s λ_star) in *. set (b := - balance_slope γ σ2 s c) in *.
    set (z := λ t - λ_star).
    replace (balance_slope γ σ2 s c) with (- b) by (unfold b; ring).
    replace (κ λ_star) with (a / (2 * v)) by reflexivity.
    assert (0 <= 2 * w * z ^ 2) as W by (apply Rmult_le_pos; [lra|apply pow2_ge_0]).
    (* What is left is g²aw ≤ bv ≤ f²aw. *)
    assert (forall x, - (a / (2 * v) * x) * (2 * w * z) ^ 2 = - (2 * w * z ^ 2) * (x * a * w / v)) as X
      by (intros x; field; lra).
    replace (2 * w * z * (- b * z)) with (- (2 * w * z ^ 2) * b) by ring. rewrite !X.
    assert (0 < a) as Pa by (unfold a; lra).
    assert (g * g * a * w / v <= b <= f * f * a * w / v); [|nra].
    split; apply Rmult_le_reg_r with v; auto.
    - replace (g * g * a * w / v * v) with (g * a * (g * w)) by (field; lra).
      apply Rmult_le_compat; auto; apply Rlt_le; now apply Rmult_lt_0_compat.
    - replace (f * f * a * w / v * v) with (f * a * (f * w)) by (field; lra).
      apply Rmult_le_compat; auto; [|lra]. eapply Rle_trans; [|exact S1].
      apply Rlt_le. now apply Rmult_lt_0_compat. }
  replace (- κ λ_star * exp (4 * m * ε)) with (- (κ λ_star * exp (4 * m * ε))) by ring.
  replace (- κ λ_star * exp (- (4 * m * ε))) with (- (κ λ_star * exp (- (4 * m * ε)))) by ring.
  split; [apply (decays_at_most δ (fun t => G (λ t)))|apply (decays_at_least δ (fun t => G (λ t)))];
    auto; intros t Ht; now apply B.
Qed.

End T14.
