(* D1, T1, T2, T9: an exponential symmetry of the loss, what it says about gradients, and
   how gradients, their covariance and the Hessian move along the orbit. *)
From mathcomp Require Import all_ssreflect all_algebra.
From NoiseEquilibrium.algebra Require Import Form Derivative.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Symmetry.
Variables (F : realFieldType) (d : nat) (Z : Type) (loss : Z -> 'cV[F]_d -> F).

(* The transformation E leaves the loss of every sample unchanged. *)
Definition invariant (E : 'M[F]_d) : Prop :=
  forall z theta, loss z (E *m theta) = loss z theta.

(* What is used of λ ↦ e^{λA} for a symmetric A. *)
Record exponential (A : 'M[F]_d) (E : F -> 'M[F]_d) : Prop := Exponential {
  exponential0 : E 0 = 1%:M;
  exponentialD : forall s t, E (s + t) = E s *m E t;
  exponential_symmetric : forall s, symmetric (E s);
  exponential_velocity : forall theta,
    has_velocity (fun s => E s *m theta) 0 (A *m theta) }.

(* D1 *)
Definition exponential_symmetry (E : F -> 'M[F]_d) : Prop := forall s, invariant (E s).

(* T1: ∇ℓ(θ,z)·Aθ = 0. *)
Theorem T1_orthogonality A E z theta g :
  exponential A E -> exponential_symmetry E -> has_gradient (loss z) theta g ->
  inner g (A *m theta) = 0.
Proof.
move=> expE D1 lg.
have lg0 : has_gradient (loss z) (E 0 *m theta) g.
  by rewrite (exponential0 expE) mul1mx.
apply: derivative_unique (derivative_along (exponential_velocity expE theta) lg0) _.
move=> e e0; have [r r0 cr] := derivative_const (loss z theta) 0 e0.
by exists r => // s /cr; rewrite !D1.
Qed.

(* T2, for any invertible transformation: ∇ℓ(Eθ) = E⁻ᵀ∇ℓ(θ). *)
Theorem T2_gradient (E : 'M[F]_d) z theta g :
  E \in unitmx -> invariant E ->
  has_gradient (loss z) theta g ->
  has_gradient (loss z) (E *m theta) ((invmx E)^T *m g).
Proof.
move=> uE invE /gradient_jacobian lg; apply/gradient_jacobian.
rewrite trmx_mul trmxK -[g^T]mul1mx; apply: jacobian_linear lg => // y.
by rewrite invE mul1mx.
Qed.

(* T2: Σ(Eθ) = E⁻ᵀΣ(θ)E⁻¹, the samples having any weights. *)
Lemma covariance_linear (I : finType) (w : I -> F) (K : 'M[F]_d) (g : I -> 'cV[F]_d) :
  covariance w (fun i => K *m g i) = K *m covariance w g *m K^T.
Proof.
rewrite /covariance mean_mull mulmxBr mulmxBl trmx_mul !mulmxA; congr (_ - _).
rewrite -!mulmxA -mean_mulr -mean_mull; apply: eq_mean => i.
by rewrite trmx_mul !mulmxA.
Qed.

Theorem T2_covariance (I : finType) (w : I -> F) (z : I -> Z) (E : 'M[F]_d) theta
    (g g' : I -> 'cV[F]_d) :
  E \in unitmx -> invariant E ->
  (forall i, has_gradient (loss (z i)) theta (g i)) ->
  (forall i, has_gradient (loss (z i)) (E *m theta) (g' i)) ->
  covariance w g' = (invmx E)^T *m covariance w g *m invmx E.
Proof.
move=> uE invE lg lg'; rewrite -[X in _ *m X]trmxK -covariance_linear.
have gg i : g' i = (invmx E)^T *m g i.
  exact: gradient_unique (lg' i) (T2_gradient uE invE (lg i)).
rewrite /covariance (eq_mean w gg); congr (_ - _); apply: eq_mean => i.
by rewrite gg.
Qed.

(* T2: ∇²ℓ(Eθ) = E⁻ᵀ∇²ℓ(θ)E⁻¹, the Hessian being the Jacobian of the gradient. *)
Theorem T2_hessian (E : 'M[F]_d) z (gradient : 'cV[F]_d -> 'cV[F]_d) theta H :
  E \in unitmx -> invariant E ->
  (forall y, has_gradient (loss z) y (gradient y)) ->
  has_jacobian gradient theta H ->
  has_jacobian gradient (E *m theta) ((invmx E)^T *m H *m invmx E).
Proof.
move=> uE invE lg; apply: jacobian_linear => // y.
exact: gradient_unique (lg _) (T2_gradient uE invE (lg y)).
Qed.

(* On the orbit E = e^{λA} is symmetric, and E⁻¹ = E⁻ᵀ = e^{−λA}. *)
Section Orbit.
Variables (A : 'M[F]_d) (E : F -> 'M[F]_d).
Hypothesis expE : exponential A E.

Lemma exponential_mulN s : E s *m E (- s) = 1%:M.
Proof. by rewrite -(exponentialD expE) subrr (exponential0 expE). Qed.

Lemma exponential_unit s : E s \in unitmx.
Proof. by have /mulmx1_unit[] := exponential_mulN s. Qed.

Lemma exponential_inv s : invmx (E s) = E (- s).
Proof.
by rewrite -[LHS]mulmx1 -(exponential_mulN s) mulKmx // exponential_unit.
Qed.

Lemma exponential_inv_tr s : (invmx (E s))^T = E (- s).
Proof. by rewrite exponential_inv (exponential_symmetric expE). Qed.

Hypothesis D1 : exponential_symmetry E.

Theorem T2_gradient_on_orbit z theta g s :
  has_gradient (loss z) theta g ->
  has_gradient (loss z) (E s *m theta) (E (- s) *m g).
Proof.
by rewrite -exponential_inv_tr; apply: T2_gradient (D1 s); apply: exponential_unit.
Qed.

Theorem T2_covariance_on_orbit (I : finType) (w : I -> F) (z : I -> Z) theta
    (g g' : I -> 'cV[F]_d) s :
  (forall i, has_gradient (loss (z i)) theta (g i)) ->
  (forall i, has_gradient (loss (z i)) (E s *m theta) (g' i)) ->
  covariance w g' = E (- s) *m covariance w g *m E (- s).
Proof.
rewrite -{1}exponential_inv_tr -exponential_inv.
by apply: T2_covariance (D1 s); apply: exponential_unit.
Qed.

Theorem T2_hessian_on_orbit z (gradient : 'cV[F]_d -> 'cV[F]_d) theta H s :
  (forall y, has_gradient (loss z) y (gradient y)) ->
  has_jacobian gradient theta H ->
  has_jacobian gradient (E s *m theta) (E (- s) *m H *m E (- s)).
Proof.
rewrite -{1}exponential_inv_tr -exponential_inv.
by apply: T2_hessian (D1 s); apply: exponential_unit.
Qed.

(* T2, consequence: at a point that the symmetry does not move, Ag = 0 for every
   gradient, so that ΣA = 0. *)
Lemma T2_fixed_point z theta g : (forall s, E s *m theta = theta) ->
  has_gradient (loss z) theta g -> A *m g = 0.
Proof.
move=> fixed lg; have gE s : E s *m g = g.
  have := T2_gradient_on_orbit (- s) lg; rewrite opprK fixed.
  by move=> /gradient_unique; apply.
apply: inner_eq0; pose k := A *m g.
have linear : has_gradient (inner k) (E 0 *m g) k.
  move=> e e0; exists 1 => // h _.
  by rewrite innerDr [inner k _ + _]addrC addrK subrr normr0 mulr_ge0 ?norm_ge0 // ltW.
apply: derivative_unique (derivative_along (exponential_velocity expE g) linear) _.
move=> e e0; have [r r0 cr] := derivative_const (inner k g) 0 e0.
by exists r => // s /cr; rewrite !gE.
Qed.

Theorem T2_no_noise_at_fixed_point (I : finType) (w : I -> F) (z : I -> Z) theta
    (g : I -> 'cV[F]_d) :
  symmetric A -> (forall s, E s *m theta = theta) ->
  (forall i, has_gradient (loss (z i)) theta (g i)) ->
  covariance w g *m A = 0.
Proof.
move=> symA fixed lg; have gA i : (g i)^T *m A = 0.
  by rewrite -[A]symA -trmx_mul (T2_fixed_point fixed (lg i)) trmx0.
have meanA : (mean w g)^T *m A = 0.
  by rewrite -mean_tr -mean_mulr; apply: big1 => i _; rewrite gA scaler0.
rewrite /covariance mulmxBl -mean_mulr -(mulmxA (mean w g)) meanA mulmx0 subr0.
by apply: big1 => i _; rewrite -mulmxA gA mulmx0 scaler0.
Qed.

(* T9: every ℓ(·,z), and any average of them, is constant along the orbit. *)
Theorem T9_loss_constant (I : finType) (w : I -> F) (z : I -> Z) theta s t :
  scalar_mean w (fun i => loss (z i) (E s *m theta)) =
  scalar_mean w (fun i => loss (z i) (E t *m theta)).
Proof. by apply: eq_bigr => i _; rewrite !D1. Qed.

End Orbit.

(* T1 for averages: the training loss, and any batch. *)
Theorem T1_combination (I : finType) (a : I -> F) (g : I -> 'cV[F]_d) (v : 'cV[F]_d) :
  (forall i, inner (g i) v = 0) -> inner (\sum_i a i *: g i) v = 0.
Proof. by move=> g0; rewrite inner_suml big1 // => i _; rewrite innerZl g0 mulr0. Qed.

End Symmetry.
