(* The numbers that the other files ask for exist: Coq's reals are a real closed field of
   mathcomp's (at the price of an axiom of choice), and exp is a function like exp. So what
   is proved along orbits e^{λA}θ speaks of something, and what it says holds for the reals. *)
From mathcomp Require Import all_ssreflect all_algebra Rstruct.
From Coq Require Import Reals Lra.
From NoiseEquilibrium.algebra Require Import Form Derivative Symmetry Spectral Exponential
  Charge Reduction.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.

Example exp_like_exp : @exp_like [realFieldType of R] exp.
Proof.
split; [exact: exp_0 | exact: exp_plus |].
move=> e /RltP e0; have [d Hd] := derivable_pt_lim_exp_0 e e0; have d0 := cond_pos d.
exists (d / 2)%R; first by apply/RltP; change (0 < d / 2)%R; lra.
move=> s /RleP sd; change (Rabs s <= d / 2)%R in sd.
apply/RleP; change (Rabs (exp (0 + s) - exp 0 - s * 1) <= e * Rabs s)%R.
rewrite Rplus_0_l Rmult_1_r exp_0.
case: (Req_dec s 0) => [->|s0]; first by rewrite exp_0 Rminus_0_r Rminus_eq_0 Rabs_R0; lra.
have Hs : (Rabs ((exp s - 1) / s - 1) < e)%R.
  by have := Hd s s0 ltac:(lra); rewrite Rplus_0_l exp_0.
have -> : (exp s - 1 - s = ((exp s - 1) / s - 1) * s)%R by field.
by rewrite Rabs_mult; apply: Rmult_le_compat_r; [exact: Rabs_pos | lra].
Qed.

Local Open Scope ring_scope.

(* Every symmetric real matrix has its e^{λA}. *)
Theorem D1_exponential_of_reals d (A : 'M[R]_d) : symmetric A ->
  exists E : R -> 'M[R]_d, exponential A E.
Proof. by move=> symA; apply: D1_exponential_exists symA exp_like_exp. Qed.

(* And the sums over its rates, with Coq's exp in them. *)
Theorem T7_spectrum_of_reals d (A : 'M[R]_d) : symmetric A ->
  exists (E : R -> 'M[R]_d) (Q : 'M[R]_d) (mu : 'rV[R]_d),
  [/\ exponential A E, orthogonal Q, A = Q^T *m diag_mx mu *m Q &
    forall gamma sigmasq (theta : 'cV[R]_d) Sigma lambda,
    - (4%:R * gamma) * charge A (E lambda *m theta)
      + 2%:R * sigmasq * \tr (E (- lambda) *m Sigma *m E (- lambda) *m A) =
    spectrum_balance Q mu exp gamma sigmasq theta Sigma lambda].
Proof. by move=> symA; apply: T7_spectrum_exists symA exp_like_exp. Qed.

(* The flow by which the charge of the shear is not conserved. *)
Theorem L1_flow_of_reals : exists c : R -> 'cV[R]_2,
  [/\ c 0 = delta_mx 0 0, forall t, has_velocity c t (- shear_gradient (c t)) &
    has_derivative (fun s => charge (shear_generator _) (c s)) 0 2%:R].
Proof. exact: L1_counterexample_flow exp_like_exp. Qed.
