(** T15: the balance at a finite learning rate.

    By T5, E[C'] = (1 − 2ηγ)² C + η² Tr[MA]. The noise of a term now stands for n_kᵀ M n_k with M = E[g gᵀ], which
    moves along the orbit as Σ does. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

(** E[C'] after one step from θ_λ. *)
Definition expected_charge (γ η : R) (s : spectrum) (λ : R) : R :=
  (1 - 2 * η * γ) ^ 2 * charge_at s λ + η ^ 2 * noise_charge_at s λ.

(** γ becomes γ(1 − ηγ), and 2σ²Σ becomes ηM. *)
Theorem T15_reduction γ η s λ :
  expected_charge γ η s λ - charge_at s λ = η * balance (γ * (1 - η * γ)) (η / 2) s λ.
Proof. unfold expected_charge. rewrite balance_charges. field. Qed.

Theorem T15_balance γ η s λ :
  0 < η -> (expected_charge γ η s λ = charge_at s λ <->
            balance (γ * (1 - η * γ)) (η / 2) s λ = 0).
Proof.
  intros Hη. pose proof (T15_reduction γ η s λ) as E. split; intros H.
  - assert (η * balance (γ * (1 - η * γ)) (η / 2) s λ = 0) as F by lra.
    apply Rmult_integral in F. lra.
  - rewrite H in E. lra.
Qed.

(** For ηγ ≤ 1 every hypothesis of T7 to T12 holds. *)
Theorem T15_admissible γ η s :
  0 <= γ -> 0 < η -> η * γ <= 1 -> nonnegative s ->
  admissible (γ * (1 - η * γ)) (η / 2) s.
Proof.
  intros Hγ Hη H Hs. repeat split; try lra; try now apply Hs.
  apply Rmult_le_pos; lra.
Qed.

(** So, for one: the mean charge is stationary at exactly one point of the orbit if and only if both kinds pull. *)
Theorem T15_both_pull γ η s :
  0 <= γ -> 0 < η -> η * γ <= 1 -> nonnegative s ->
  (some_up (γ * (1 - η * γ)) (η / 2) s /\ some_down (γ * (1 - η * γ)) (η / 2) s
   <-> exists! λ, expected_charge γ η s λ = charge_at s λ).
Proof.
  intros Hγ Hη H Hs. rewrite T8_both_pull by now apply T15_admissible.
  unfold has_exactly_one_zero.
  split; intros [x [Hx Hu]]; exists x; split;
    try (intros y Hy; apply Hu); now apply T15_balance.
Qed.

(** The hypothesis is needed: at ηγ = 2 this spectrum has several zeros. *)
Theorem T15_hypothesis_needed :
  exists s, nonnegative s /\
  exists x y z, x < y < z /\
  expected_charge 2 1 s x = charge_at s x /\
  expected_charge 2 1 s y = charge_at s y /\
  expected_charge 2 1 s z = charge_at s z.
Proof.
  set (s := [Term 2 1 0; Term (-2) 1 0; Term 1 0 1; Term (-1) 0 1]). exists s. split.
  { intros k Hk. simpl in Hk. destruct Hk as [<-|[<-|[<-|[<-|[]]]]]; simpl; lra. }
  set (u := 2 + sqrt 3). assert (0 < sqrt 3) as H3 by (apply sqrt_lt_R0; lra).
  assert (sqrt 3 * sqrt 3 = 3) as H33 by (apply sqrt_sqrt; lra).
  assert (0 < ln u) as Hu.
  { rewrite <- ln_1. apply ln_increasing; unfold u; lra. }
  (* With E = e^{2λ} and its inverse F, the balance is 2(F² − E²) + 8(E − F). *)
  assert (forall λ E F, exp (2 * λ) = E -> exp (-2 * λ) = F ->
            2 * (F * F - E * E) + 8 * (E - F) = 0 -> expected_charge 2 1 s λ = charge_at s λ) as B.
  { intros λ E F HE HF H. apply T15_balance; [lra|].
    assert (exp (4 * λ) = E * E) as HE2 by (rewrite <- HE, <- exp_plus; f_equal; ring).
    assert (exp (-4 * λ) = F * F) as HF2 by (rewrite <- HF, <- exp_plus; f_equal; ring).
    unfold balance, s. cbn [sum fold_right rate noise charge].
    replace (-2 * 2 * λ) with (-4 * λ) by ring. replace (2 * 2 * λ) with (4 * λ) by ring.
    replace (-2 * -2 * λ) with (4 * λ) by ring. replace (2 * -2 * λ) with (-4 * λ) by ring.
    replace (-2 * 1 * λ) with (-2 * λ) by ring. replace (2 * 1 * λ) with (2 * λ) by ring.
    replace (-2 * -1 * λ) with (2 * λ) by ring. replace (2 * -1 * λ) with (-2 * λ) by ring.
    rewrite HE2, HF2, HE, HF. lra. }
  assert (exp (ln u) = u) as Eu by (apply exp_ln; unfold u; lra).
  assert (exp (- ln u) = 2 - sqrt 3) as Ev.
  { rewrite exp_Ropp, Eu. apply Rmult_eq_reg_l with u; [|unfold u; lra].
    rewrite Rinv_r by (unfold u; lra). unfold u. lra. }
  exists (- (ln u / 2)), 0, (ln u / 2). split; [lra|]. repeat split.
  - apply (B _ (2 - sqrt 3) u).
    + rewrite <- Ev. f_equal. field.
    + rewrite <- Eu at 2. f_equal. field.
    + unfold u. lra.
  - apply (B _ 1 1); [rewrite Rmult_0_r; apply exp_0..|lra].
  - apply (B _ u (2 - sqrt 3)).
    + rewrite <- Eu at 2. f_equal. field.
    + rewrite <- Ev. f_equal. field.
    + unfold u. lra.
Qed.
