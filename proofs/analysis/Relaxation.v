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

(** δ̇ = −κ r δ with e^{−4m|δ|} ≤ r ≤ e^{4m|δ|}. *)
Theorem T14_flow_near λ :
  exists r, flow γ σ2 s λ = - κ λ_star * r * (λ - λ_star) /\
            exp (- (4 * m * Rabs (λ - λ_star))) <= r <= exp (4 * m * Rabs (λ - λ_star)).
Proof.
  set (d := Rabs (λ - λ_star)).
  (* G(λ) = G'(c)(λ − λ* ) for some c between the two. *)
  assert (exists c, Rabs (c - λ_star) <= d /\ G λ = balance_slope γ σ2 s c * (λ - λ_star)) as [c [Hc E]].
  { destruct (MVT_gen (balance γ σ2 s) λ_star λ (balance_slope γ σ2 s)) as [c [Hc E]].
    - intros; apply T7_balance_derivative.
    - intros x _. apply continuity_pt_filterlim. apply (ex_derive_continuous (balance γ σ2 s)).
      eexists. apply T7_balance_derivative.
    - exists c. split; [|rewrite Hzero in E; lra].
      unfold d. destruct (Rle_dec λ_star λ) as [L|L].
      + rewrite Rmin_left, Rmax_right in Hc by lra. rewrite !Rabs_right by lra. lra.
      + rewrite Rmin_right, Rmax_left in Hc by lra. rewrite !Rabs_left1 by lra. lra. }
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

(** A motion along the flow that starts within ε of λ* comes closer, at a rate between κe^{−4mε} and κe^{4mε}. *)
Theorem T14_decay (λ : R -> R) ε T :
  0 <= T -> some_live γ σ2 s ->
  (forall t, 0 <= t <= T -> is_derive λ t (flow γ σ2 s (λ t))) -> Rabs (λ 0 - λ_star) <= ε ->
  Rabs (λ 0 - λ_star) * exp (- κ λ_star * exp (4 * m * ε) * T) <= Rabs (λ T - λ_star)
  <= Rabs (λ 0 - λ_star) * exp (- κ λ_star * exp (- (4 * m * ε)) * T).
Proof.
  intros HT L D H0.
  pose proof (T14_rate_positive λ_star L) as K.
  assert (0 <= m) as Hm0.
  { pose proof Hmoving as [k [Hk _]]. eapply Rle_trans; [apply (Rabs_pos (rate k))|now apply Hm]. }
  assert (0 <= ε) as Hε by (eapply Rle_trans; [apply Rabs_pos|exact H0]).
  set (δ := fun t => λ t - λ_star).
  (* d/dt (δ² e^{qt}) = δ² (q − 2κr) e^{qt} *)
  assert (forall q t, 0 <= t <= T ->
    is_derive (fun t => δ t ^ 2 * exp (q * t)) t
              ((2 * δ t * flow γ σ2 s (λ t) + q * δ t ^ 2) * exp (q * t))) as DV.
  { intros q t Ht. evar_last.
    - apply (is_derive_mult (fun t => δ t ^ 2) (fun t => exp (q * t))).
      + apply (is_derive_pow δ 2). apply (is_derive_minus λ (fun _ => λ_star)); [now apply D|apply is_derive_const].
      + auto_derive; [easy|reflexivity].
      + intros; apply Rmult_comm.
    - unfold plus, mult, minus, opp, zero; simpl. unfold plus; simpl. ring. }
  (* The distance never grows: q = 0. *)
  assert (forall t, 0 <= t <= T -> Rabs (δ t) <= ε) as Near.
  { intros t Ht. eapply Rle_trans; [|exact H0]. apply Rsqr_le_abs_0. unfold Rsqr.
    pose proof (le_of_derivative (fun t => δ t ^ 2 * exp (0 * t))
      (fun t => (2 * δ t * flow γ σ2 s (λ t) + 0 * δ t ^ 2) * exp (0 * t)) 0 t) as E.
    cut (δ t ^ 2 * exp (0 * t) <= δ 0 ^ 2 * exp (0 * 0)).
    { rewrite !Rmult_0_l, exp_0. unfold δ. lra. }
    apply E; [lra|intros; apply DV; lra|]. intros u Hu.
    destruct (T14_flow_near (λ u)) as [r [-> [Hr _]]]. fold (δ u).
    pose proof (exp_pos (- (4 * m * Rabs (λ u - λ_star)))). rewrite !Rmult_0_l, exp_0.
    assert (0 <= κ λ_star * r * δ u ^ 2) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]). nra. }
  (* A comparison of squares. *)
  assert (forall a, Rabs a ^ 2 = a ^ 2) as Sq by (intros a; apply pow2_abs).
  assert (forall x y z, 0 <= y -> 0 <= x -> y ^ 2 * exp (2 * z) <= x ^ 2 -> y * exp z <= x) as Root1.
  { intros x y z Hy Hx H. apply Rsqr_incr_0_var; [|easy]. unfold Rsqr.
    replace (y * exp z * (y * exp z)) with (y ^ 2 * (exp z * exp z)) by ring.
    rewrite <- exp_plus. replace (z + z) with (2 * z) by ring. lra. }
  assert (forall x y z, 0 <= y -> 0 <= x -> x ^ 2 <= y ^ 2 * exp (2 * z) -> x <= y * exp z) as Root2.
  { intros x y z Hy Hx H. apply Rsqr_incr_0_var; [|apply Rmult_le_pos; auto; left; apply exp_pos]. unfold Rsqr.
    replace (y * exp z * (y * exp z)) with (y ^ 2 * (exp z * exp z)) by ring.
    rewrite <- exp_plus. replace (z + z) with (2 * z) by ring. lra. }
  assert (forall q, exp (q * T) * exp (- q * T) = 1) as Inv.
  { intros q. rewrite <- exp_plus. replace (q * T + - q * T) with 0 by ring. apply exp_0. }
  fold (δ 0) (δ T). split.
  - apply Root1; try apply Rabs_pos. rewrite !Sq.
    set (q := 2 * κ λ_star * exp (4 * m * ε)).
    replace (2 * (- κ λ_star * exp (4 * m * ε) * T)) with (- q * T) by (unfold q; ring).
    cut (- (δ T ^ 2 * exp (q * T)) <= - (δ 0 ^ 2 * exp (q * 0))).
    { rewrite Rmult_0_r, exp_0. intros E. pose proof (exp_pos (- q * T)) as P.
      apply (Rmult_le_compat_l (exp (- q * T))) in E; [|lra]. pose proof (Inv q) as I.
      replace (exp (- q * T) * - (δ T ^ 2 * exp (q * T))) with (- (δ T ^ 2 * (exp (q * T) * exp (- q * T)))) in E by ring.
      rewrite I in E. lra. }
    apply (le_of_derivative (fun t => - (δ t ^ 2 * exp (q * t)))
      (fun t => - ((2 * δ t * flow γ σ2 s (λ t) + q * δ t ^ 2) * exp (q * t))) 0 T HT).
    + intros t Ht. apply (is_derive_opp (fun t => δ t ^ 2 * exp (q * t))). now apply DV.
    + intros t Ht. destruct (T14_flow_near (λ t)) as [r [-> [_ Hr]]]. fold (δ t).
      fold (δ t) in Hr. pose proof (Near t Ht) as N.
      assert (r <= exp (4 * m * ε)) as Hr'.
      { eapply Rle_trans; [exact Hr|]. apply exp_nondecreasing. apply Rmult_le_compat_l; lra. }
      assert (0 <= 2 * κ λ_star * (exp (4 * m * ε) - r) * δ t ^ 2) as P1
        by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]).
      pose proof (Rmult_le_pos _ _ P1 (Rlt_le _ _ (exp_pos (q * t)))) as P2. unfold q in *. nra.
  - apply Root2; try apply Rabs_pos. rewrite !Sq.
    set (q := 2 * κ λ_star * exp (- (4 * m * ε))).
    replace (2 * (- κ λ_star * exp (- (4 * m * ε)) * T)) with (- q * T) by (unfold q; ring).
    cut (δ T ^ 2 * exp (q * T) <= δ 0 ^ 2 * exp (q * 0)).
    { rewrite Rmult_0_r, exp_0. intros E. pose proof (exp_pos (- q * T)) as P.
      apply (Rmult_le_compat_l (exp (- q * T))) in E; [|lra]. pose proof (Inv q) as I.
      replace (exp (- q * T) * (δ T ^ 2 * exp (q * T))) with (δ T ^ 2 * (exp (q * T) * exp (- q * T))) in E by ring.
      rewrite I in E. lra. }
    apply (le_of_derivative (fun t => δ t ^ 2 * exp (q * t))
      (fun t => (2 * δ t * flow γ σ2 s (λ t) + q * δ t ^ 2) * exp (q * t)) 0 T HT).
    + intros t Ht. now apply DV.
    + intros t Ht. destruct (T14_flow_near (λ t)) as [r [-> [Hr _]]]. fold (δ t).
      fold (δ t) in Hr. pose proof (Near t Ht) as N.
      assert (exp (- (4 * m * ε)) <= r) as Hr'.
      { eapply Rle_trans; [|exact Hr]. apply exp_nondecreasing. apply Ropp_le_contravar.
        apply Rmult_le_compat_l; lra. }
      assert (0 <= 2 * κ λ_star * (r - exp (- (4 * m * ε))) * δ t ^ 2) as P1
        by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|apply pow2_ge_0]).
      pose proof (Rmult_le_pos _ _ P1 (Rlt_le _ _ (exp_pos (q * t)))) as P2. unfold q in *. nra.
Qed.

End T14.
