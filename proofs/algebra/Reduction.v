(* From matrices to the spectrum: along the orbit θ_λ = e^{λA}θ with the noise
   Σ(θ_λ) = e^{−λA}Σe^{−λA} (T2) everything that T7 to T14 speak of is a sum over the
   rates μ_k of A, with c_k = (Qθ)_k² and a_k = (QΣQᵀ)_kk, A = Qᵀ diag(μ) Q. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative Symmetry Spectral Exponential.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

(* A covariance is positive semidefinite where the weights are those of an average. *)
Theorem T2_covariance_semidefinite (F : realFieldType) (d : nat) (I : finType) (w : I -> F)
    (g : I -> 'cV[F]_d) :
  (forall i, 0 <= w i) -> \sum_i w i = 1 -> positive_semidefinite (covariance w g).
Proof.
move=> w0 w1; split=> [|v]; first exact: covariance_sym.
pose x i := inner v (g i); pose m := \sum_i w i * x i.
have outer (u : 'cV[F]_d) : inner v (u *m u^T *m v) = inner v u ^+ 2.
  by rewrite -mulmxA scalar_mx_inner mul_mx_scalar innerZr (innerC u) expr2.
have -> : inner v (covariance w g *m v) = \sum_i w i * (x i) ^+ 2 - m ^+ 2.
  rewrite /covariance mulmxBl innerBr outer inner_mean -mean_mulr inner_mean.
  by congr (_ - _); apply: eq_bigr => i _; rewrite outer.
have -> : \sum_i w i * (x i) ^+ 2 - m ^+ 2 = \sum_i w i * (x i - m) ^+ 2.
  transitivity (\sum_i (w i * (x i) ^+ 2 - 2%:R * m * (w i * x i) + m ^+ 2 * w i)).
    rewrite big_split sumrB -!mulr_sumr /= w1 -/m.
    by move: (\sum_i _) => y; ring.
  by apply: eq_bigr => i _; ring.
by apply: sumr_ge0 => i _; rewrite mulr_ge0 // sqr_ge0.
Qed.

Section Reduction.
Variables (R : rcfType) (d : nat) (Q : 'M[R]_d) (mu : 'rV[R]_d) (ex : R -> R).
Hypotheses (QQ : orthogonal Q) (exl : exp_like ex).
Implicit Types (theta v : 'cV[R]_d) (Sigma : 'M[R]_d) (lambda gamma sigmasq : R).

Let A : 'M[R]_d := Q^T *m diag_mx mu *m Q.
Let E : R -> 'M[R]_d := spectral_exponential ex Q mu.

(* c_k and a_k *)
Definition coordinate2 theta k : R := (Q *m theta) k 0 ^+ 2.
Definition noise_power Sigma k : R := (Q *m Sigma *m Q^T) k k.

(* Σ(θ_λ), by T2. *)
Definition noise_at Sigma lambda : 'M[R]_d := E (- lambda) *m Sigma *m E (- lambda).

Lemma ex_square x y : ex (x * y) ^+ 2 = ex (2%:R * y * x).
Proof. by have [_ exD _] := exl; rewrite expr2 -exD; congr ex; ring. Qed.

(* T2, in the eigenbasis: c_k(θ_λ) = c_k e^{2μ_kλ} and a_k(θ_λ) = a_k e^{−2μ_kλ}. *)
Theorem T2_coordinates theta lambda k :
  coordinate2 (E lambda *m theta) k = coordinate2 theta k * ex (2%:R * mu 0 k * lambda).
Proof.
rewrite /coordinate2 /E /spectral_exponential -!mulmxA (mulmxA Q) QQ mul1mx.
by rewrite mul_diag_mx !mxE exprMn ex_square mulrC.
Qed.

Theorem T2_noise_powers Sigma lambda k :
  noise_power (noise_at Sigma lambda) k = noise_power Sigma k * ex (- 2%:R * mu 0 k * lambda).
Proof.
rewrite /noise_power /noise_at /E /spectral_exponential.
have -> D : Q *m (Q^T *m diag_mx D *m Q *m Sigma *m (Q^T *m diag_mx D *m Q)) *m Q^T =
    diag_mx D *m (Q *m Sigma *m Q^T) *m diag_mx D.
  by rewrite -!mulmxA QQ mulmx1 (mulmxA Q Q^T) QQ mul1mx.
rewrite mul_mx_diag mul_diag_mx !mxE mulrAC -expr2 ex_square mulrC.
by congr (_ * ex _); ring.
Qed.

Theorem T2_nonnegative theta Sigma k : positive_semidefinite Sigma ->
  0 <= coordinate2 theta k /\ 0 <= noise_power Sigma k.
Proof.
move=> [_ S0]; split; first exact: sqr_ge0.
have -> : noise_power Sigma k =
    inner (Q^T *m delta_mx k 0 : 'cV_d) (Sigma *m (Q^T *m delta_mx k 0)).
  by rewrite inner_mull trmxK !mulmxA inner_delta_mx.
exact: S0.
Qed.

(* Forms and traces at one point. *)
Lemma norm2_coordinates v : inner v v = \sum_k coordinate2 v k.
Proof.
rewrite -[X in inner X]mul1mx -(orthogonal_tr QQ) -mulmxA inner_mull trmxK innerE.
by apply: eq_bigr => k _; rewrite /coordinate2 big_ord1 expr2.
Qed.

Lemma charge_coordinates v : charge A v = \sum_k mu 0 k * coordinate2 v k.
Proof.
rewrite /charge /A -!mulmxA inner_mulr trmxK innerE.
by apply: eq_bigr => k _; rewrite /coordinate2 big_ord1 mul_diag_mx [X in _ * X]mxE mulrCA expr2.
Qed.

Lemma speed2_coordinates v :
  inner (A *m v) (A *m v) = \sum_k mu 0 k ^+ 2 * coordinate2 v k.
Proof.
rewrite norm2_coordinates; apply: eq_bigr => k _.
by rewrite /coordinate2 /A -!mulmxA (mulmxA Q) QQ mul1mx mul_diag_mx mxE exprMn.
Qed.

Lemma trace_powers Sigma : \tr Sigma = \sum_k noise_power Sigma k.
Proof. by rewrite -[in LHS](mulmx1 Sigma) -(orthogonal_tr QQ) mulmxA mxtrace_mulC mulmxA. Qed.

Lemma trace_charge_powers Sigma : \tr (Sigma *m A) = \sum_k mu 0 k * noise_power Sigma k.
Proof.
rewrite /A !mulmxA mxtrace_mulC !mulmxA; apply: eq_bigr => k _.
by rewrite mul_mx_diag mxE mulrC.
Qed.

(* The same along the orbit: what analysis/Balance.v calls charge_at, speed2_at, norm2_at,
   noise_charge_at and trace_noise_at. *)
Theorem T7_charge theta lambda :
  charge A (E lambda *m theta) =
  \sum_k mu 0 k * coordinate2 theta k * ex (2%:R * mu 0 k * lambda).
Proof.
by rewrite charge_coordinates; apply: eq_bigr => k _; rewrite T2_coordinates mulrA.
Qed.

Theorem T7_noise_charge Sigma lambda :
  \tr (noise_at Sigma lambda *m A) =
  \sum_k mu 0 k * noise_power Sigma k * ex (- 2%:R * mu 0 k * lambda).
Proof.
by rewrite trace_charge_powers; apply: eq_bigr => k _; rewrite T2_noise_powers mulrA.
Qed.

Theorem T7_norm theta lambda :
  inner (E lambda *m theta) (E lambda *m theta) =
  \sum_k coordinate2 theta k * ex (2%:R * mu 0 k * lambda).
Proof. by rewrite norm2_coordinates; apply: eq_bigr => k _; rewrite T2_coordinates. Qed.

Theorem T7_trace_noise Sigma lambda :
  \tr (noise_at Sigma lambda) =
  \sum_k noise_power Sigma k * ex (- 2%:R * mu 0 k * lambda).
Proof. by rewrite trace_powers; apply: eq_bigr => k _; rewrite T2_noise_powers. Qed.

Theorem T10_speed theta lambda :
  inner (A *m (E lambda *m theta)) (A *m (E lambda *m theta)) =
  \sum_k mu 0 k ^+ 2 * coordinate2 theta k * ex (2%:R * mu 0 k * lambda).
Proof.
by rewrite speed2_coordinates; apply: eq_bigr => k _; rewrite T2_coordinates mulrA.
Qed.

(* G and Φ *)
Definition spectrum_balance gamma sigmasq theta Sigma lambda : R :=
  \sum_k mu 0 k * (2%:R * sigmasq * noise_power Sigma k * ex (- 2%:R * mu 0 k * lambda)
                   - 4%:R * gamma * coordinate2 theta k * ex (2%:R * mu 0 k * lambda)).

Theorem T7_balance gamma sigmasq theta Sigma lambda :
  - (4%:R * gamma) * charge A (E lambda *m theta)
    + 2%:R * sigmasq * \tr (noise_at Sigma lambda *m A) =
  spectrum_balance gamma sigmasq theta Sigma lambda.
Proof.
rewrite T7_charge T7_noise_charge !mulr_sumr -big_split; apply: eq_bigr => k _ /=.
by move: (ex _) (ex _) => x y; ring.
Qed.

Theorem T7_potential gamma sigmasq theta Sigma lambda :
  2%:R * gamma * inner (E lambda *m theta) (E lambda *m theta)
    + sigmasq * \tr (noise_at Sigma lambda) =
  \sum_k (2%:R * gamma * coordinate2 theta k * ex (2%:R * mu 0 k * lambda)
          + sigmasq * noise_power Sigma k * ex (- 2%:R * mu 0 k * lambda)).
Proof.
rewrite T7_norm T7_trace_noise !mulr_sumr -big_split; apply: eq_bigr => k _ /=.
by rewrite !mulrA.
Qed.

(* From the loss: with the gradients g at θ and g' at θ_λ, whatever they are there, the
   drift of the charge at θ_λ (T4_drift) is G(λ) for the noise at θ. *)
Theorem T7_balance_of_loss (Z : Type) (loss : Z -> 'cV[R]_d -> R) (I : finType)
    (w : I -> R) (z : I -> Z) (g g' : I -> 'cV[R]_d) gamma sigmasq theta lambda :
  exponential_symmetry loss E ->
  (forall i, has_gradient (loss (z i)) theta (g i)) ->
  (forall i, has_gradient (loss (z i)) (E lambda *m theta) (g' i)) ->
  - (4%:R * gamma) * charge A (E lambda *m theta)
    + 2%:R * sigmasq * \tr (covariance w g' *m A) =
  spectrum_balance gamma sigmasq theta (covariance w g) lambda.
Proof.
move=> D1 lg lg'; rewrite -T7_balance.
by rewrite (T2_covariance_on_orbit (spectral_exponentialP mu QQ exl) D1 w lg lg').
Qed.

(* T13: live noise brings live charge with it, at a point of a symmetric loss: where no
   coordinate moves there is no noise (T2). *)
Theorem T13_noise_brings_charge (Z : Type) (loss : Z -> 'cV[R]_d -> R) (I : finType)
    (w : I -> R) (z : I -> Z) (g : I -> 'cV[R]_d) theta k :
  exponential_symmetry loss E -> (forall i, has_gradient (loss (z i)) theta (g i)) ->
  mu 0 k != 0 -> noise_power (covariance w g) k != 0 ->
  exists2 l, mu 0 l != 0 & 0 < coordinate2 theta l.
Proof.
move=> D1 lg mu0 a0.
case: (boolP [exists l, (mu 0 l != 0) && (0 < coordinate2 theta l)]).
  by move=> /existsP[l /andP[ml cl]]; exists l.
move=> /existsPn none; have [ex0 _ _] := exl.
have fixed s : E s *m theta = theta.
  have QE : Q *m (E s *m theta) = Q *m theta.
    rewrite /E /spectral_exponential -!mulmxA (mulmxA Q) QQ mul1mx mul_diag_mx.
    apply/colP => l; rewrite [LHS]mxE mxE; have := none l; rewrite negb_and negbK.
    move=> /orP[/eqP ->|]; first by rewrite mulr0 ex0 mul1r.
    rewrite -leNgt /coordinate2 => c0; suff -> : (Q *m theta) l 0 = 0 by rewrite mulr0.
    by apply/eqP; rewrite -sqrf_eq0 eq_le c0 sqr_ge0.
  by rewrite -[LHS]mul1mx -(orthogonal_tr QQ) -mulmxA QE mulmxA orthogonal_tr // mul1mx.
have symA : symmetric A by rewrite /symmetric /A !trmx_mul trmxK tr_diag_mx mulmxA.
have expE := spectral_exponentialP mu QQ exl.
have SA := T2_no_noise_at_fixed_point expE D1 w symA fixed lg.
have : noise_power (covariance w g) k * mu 0 k = 0.
  have <- : (Q *m (covariance w g *m A) *m Q^T) k k = noise_power (covariance w g) k * mu 0 k.
    rewrite /A -!mulmxA QQ mulmx1 (mulmxA _ Q^T) mulmxA -mulmxA mulmxA.
    by rewrite mul_mx_diag [LHS]mxE /noise_power !mulmxA.
  by rewrite SA mulmx0 mul0mx mxE.
by move=> /eqP; rewrite mulf_eq0 (negPf a0) (negPf mu0).
Qed.

End Reduction.

(* Every symmetric generator has such a Q. *)
Theorem T7_spectrum_exists (R : rcfType) (d : nat) (A : 'M[R]_d) (ex : R -> R) :
  symmetric A -> exp_like ex -> exists (E : R -> 'M[R]_d) (Q : 'M[R]_d) (mu : 'rV[R]_d),
  [/\ exponential A E, orthogonal Q, A = Q^T *m diag_mx mu *m Q &
    forall gamma sigmasq (theta : 'cV[R]_d) Sigma lambda,
    - (4%:R * gamma) * charge A (E lambda *m theta)
      + 2%:R * sigmasq * \tr (E (- lambda) *m Sigma *m E (- lambda) *m A) =
    spectrum_balance Q mu ex gamma sigmasq theta Sigma lambda].
Proof.
move=> symA exl; have [Q [mu QQ AE]] := spectral_theorem symA.
exists (spectral_exponential ex Q mu), Q, mu; rewrite AE; split=> //.
  exact: spectral_exponentialP.
by move=> *; rewrite -T7_balance.
Qed.
