(* T3, T4, L1: the charge C(θ) = θᵀAθ under gradient flow and under the SDE, and what
   becomes of it when the generator is not symmetric. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative Symmetry Exponential.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Charge.
Variables (F : realFieldType) (d : nat).
Implicit Types (A D K : 'M[F]_d) (theta g b : 'cV[F]_d) (gamma sigmasq : F).

(* ∇C = 2A_sθ with the symmetric part A_s = (A + Aᵀ)/2, for any matrix A. *)
Definition symmetric_part A : 'M[F]_d := 2%:R^-1 *: (A + A^T).

Lemma symmetric_part_symmetric A : symmetric (symmetric_part A).
Proof. by rewrite /symmetric /symmetric_part linearZ linearD /= trmxK addrC. Qed.

Lemma symmetric_partE A : symmetric A -> symmetric_part A = A.
Proof.
move=> symA; rewrite /symmetric_part symA -mulr2n -scaler_nat scalerA mulVf ?scale1r //.
by rewrite pnatr_eq0.
Qed.

(* L1, 2: only the symmetric part enters the charge. *)
Theorem L1_symmetric_part A theta : charge A theta = charge (symmetric_part A) theta.
Proof.
rewrite /charge /symmetric_part -scalemxAl innerZr mulmxDl innerDr.
rewrite -[inner theta (A^T *m theta)]inner_mull [inner (A *m _) _]innerC.
by rewrite -mulr2n -[X in _ * X]mulr_natl mulKf // pnatr_eq0.
Qed.

(* L1, 1: an antisymmetric generator has no charge. *)
Theorem L1_antisymmetric A theta : A^T = - A -> charge A theta = 0.
Proof.
move=> antiA; rewrite L1_symmetric_part /symmetric_part antiA subrr scaler0.
by rewrite /charge mul0mx inner0r.
Qed.

Lemma charge_gradient A theta :
  has_gradient (charge A) theta (2%:R *: (symmetric_part A *m theta)).
Proof.
pose S := symmetric_part A; pose k := norm_mx S + 1.
have k0 : 0 < k by rewrite ltr_paddl ?norm_mx_ge0 ?ltr01.
move=> e e0; exists (e / k) => [|h hr]; first exact: divr_gt0.
have -> : charge A (theta + h) - charge A theta
    - inner (2%:R *: (S *m theta)) h = charge S h.
  rewrite !(L1_symmetric_part A) -/S /charge mulmxDr innerDl !innerDr innerZl.
  rewrite (symmetric_inner theta h (symmetric_part_symmetric A)) (innerC (S *m _)).
  by move: (inner theta _) (inner h _) (inner h _) => a b c; ring.
apply: le_trans (inner_le _ _) _; rewrite mulrC ler_wpmul2r ?norm_ge0 //.
apply: le_trans (norm_mul _ _) _; apply: le_trans (_ : k * norm h <= _).
  by rewrite ler_wpmul2r ?norm_ge0 // ler_addl ler01.
by rewrite mulrC -ler_pdivl_mulr.
Qed.

Lemma charge_hessian A theta :
  has_jacobian (fun y => 2%:R *: (symmetric_part A *m y)) theta
    (2%:R *: symmetric_part A).
Proof.
move=> e e0; exists 1 => // h _.
by rewrite mulmxDr scalerDr [_ + _ *: (_ *m h)]addrC addrK scalemxAl subrr norm0
  mulr_ge0 ?norm_ge0 // ltW.
Qed.

(* The derivative of the charge along a curve. *)
Lemma charge_along A c t v : symmetric A -> has_velocity c t v ->
  has_derivative (fun s => charge A (c s)) t (2%:R * inner (A *m c t) v).
Proof.
move=> symA cv; have := derivative_along cv (charge_gradient A (c t)).
by rewrite symmetric_partE // innerZl.
Qed.

(* T10: dC(θ_λ)/dλ = 2‖Aθ_λ‖². *)
Theorem T10_charge_on_orbit A E theta s : symmetric A -> exponential A E ->
  has_derivative (fun u => charge A (E u *m theta)) s
    (2%:R * inner (A *m (E s *m theta)) (A *m (E s *m theta))).
Proof.
move=> symA expE; apply: charge_along => // e e0.
have [r r0 Hr] := exponential_velocity expE (E s *m theta) e0; exists r => // u /Hr.
have move_on t : E t *m (E s *m theta) = E (s + t) *m theta.
  by rewrite mulmxA -(exponentialD expE) addrC.
by rewrite !move_on add0r addr0.
Qed.

(* T3: θ̇ = −(∇L + 2γθ) and ∇L·Aθ = 0 give Ċ = −4γC. *)
Theorem T3_charge_under_flow A gamma c t g :
  symmetric A -> inner g (A *m c t) = 0 ->
  has_velocity c t (- (g + (2%:R * gamma) *: c t)) ->
  has_derivative (fun s => charge A (c s)) t (- (4%:R * gamma) * charge A (c t)).
Proof.
move=> symA T1 /(charge_along symA).
have -> // : 2%:R * inner (A *m c t) (- (g + (2%:R * gamma) *: c t)) =
             - (4%:R * gamma) * charge A (c t).
rewrite innerNr innerDr innerZr (innerC _ g) T1 (innerC _ (c t)) -/(charge A (c t)).
by move: (charge A _) => C; ring.
Qed.

(* Itô's formula for f(θ), dθ = b dt + K dW with KKᵀ = D, has the drift
   ∇f·b + ½Tr[∇²f D] and the martingale term ∇fᵀK dW. That it has is not proved here. *)
Definition ito_drift (gradient : 'cV[F]_d) (hessian : 'M[F]_d) b D : F :=
  inner gradient b + 2%:R^-1 * \tr (hessian *m D).

(* L2, T6: the drift of the charge for any loss and any noise. *)
Theorem L2_drift A gamma sigmasq theta g (Sigma : 'M[F]_d) :
  symmetric A ->
  ito_drift (2%:R *: (A *m theta)) (2%:R *: A)
    (- (g + (2%:R * gamma) *: theta)) ((2%:R * sigmasq) *: Sigma) =
  - 2%:R * inner g (A *m theta) - 4%:R * gamma * charge A theta
    + 2%:R * sigmasq * \tr (Sigma *m A).
Proof.
move=> symA; rewrite /ito_drift innerZl innerNr innerDr innerZr (innerC _ g) (innerC _ theta).
rewrite -/(charge A theta) -scalemxAl -scalemxAr !linearZ /= mxtrace_mulC.
rewrite !mulrA mulVf ?pnatr_eq0 // mul1r.
by move: (inner g _) (charge A _) (\tr _) => a C T; ring.
Qed.

(* L2: the variance rate of the martingale term, and with isotropic noise vI. *)
Theorem L2_variance A (Sigma : 'M[F]_d) sigmasq theta : symmetric A ->
  inner (2%:R *: (A *m theta)) (((2%:R * sigmasq) *: Sigma) *m (2%:R *: (A *m theta))) =
  8%:R * sigmasq * inner theta (A *m Sigma *m A *m theta).
Proof.
move=> symA; rewrite -scalemxAl -scalemxAr innerZl !innerZr inner_mull symA !mulmxA.
by move: (inner _ _) => v; ring.
Qed.

Theorem L2_isotropic A v sigmasq theta : symmetric A ->
  inner (2%:R *: (A *m theta)) (((2%:R * sigmasq) *: v%:M) *m (2%:R *: (A *m theta))) =
    8%:R * sigmasq * v * inner (A *m theta) (A *m theta) /\
  \tr (v%:M *m A) = v * \tr A.
Proof.
move=> symA; split; last by rewrite mul_scalar_mx linearZ.
rewrite L2_variance // -!mulmxA mul_scalar_mx -scalemxAr innerZr [in RHS]inner_mull symA.
by rewrite mulrA.
Qed.

(* T4: under the symmetry it is −4γC + 2σ²Tr[ΣA]. *)
Theorem T4_drift A gamma sigmasq theta g (Sigma : 'M[F]_d) :
  symmetric A -> inner g (A *m theta) = 0 ->
  ito_drift (2%:R *: (A *m theta)) (2%:R *: A)
    (- (g + (2%:R * gamma) *: theta)) ((2%:R * sigmasq) *: Sigma) =
  - (4%:R * gamma) * charge A theta + 2%:R * sigmasq * \tr (Sigma *m A).
Proof. by move=> symA T1; rewrite L2_drift // T1 mulr0 sub0r mulNr. Qed.

(* T4: ΣAθ = 0, because T1 holds for every sample. *)
Theorem T4_no_noise (I : finType) (w : I -> F) (g : I -> 'cV[F]_d) A theta :
  (forall i, inner (g i) (A *m theta) = 0) ->
  covariance w g *m (A *m theta) = 0.
Proof.
move=> T1; rewrite /covariance mulmxBl -mean_mulr -(mulmxA (mean w g)).
rewrite scalar_mx_inner T1_combination // raddf0 mulmx0 subr0.
apply: big1 => i _; rewrite -mulmxA scalar_mx_inner T1 raddf0 mulmx0.
by rewrite scaler0.
Qed.

(* T4: the martingale term (2Aθ)ᵀK dW vanishes, whichever root K of 2σ²Σ is taken. *)
Theorem T4_no_martingale A (Sigma K : 'M[F]_d) sigmasq theta :
  Sigma *m (A *m theta) = 0 -> K *m K^T = (2%:R * sigmasq) *: Sigma ->
  (2%:R *: (A *m theta))^T *m K = 0.
Proof.
move=> S0 KK; suff KA : K^T *m (A *m theta) = 0.
  by rewrite -[K]trmxK -trmx_mul -scalemxAr KA scaler0 trmx0.
apply: inner_eq0; rewrite inner_mull trmxK (mulmxA K) KK -scalemxAl S0 scaler0.
by rewrite inner0r.
Qed.

(* L1, 3, at a point: with A a symmetry of the loss or not, gradient flow keeps C there
   exactly if A_s is an infinitesimal symmetry there. *)
Theorem L1_conserved_iff A c t g :
  has_velocity c t (- g) ->
  has_derivative (fun s => charge A (c s)) t 0 <->
  inner g (symmetric_part A *m c t) = 0.
Proof.
move=> cv; have := derivative_along cv (charge_gradient A (c t)).
have -> : inner (2%:R *: (symmetric_part A *m c t)) (- g) =
    - (2%:R * inner g (symmetric_part A *m c t)).
  by rewrite innerNr innerZl innerC.
move=> cA; split=> [c0|g0]; last by move: cA; rewrite g0 mulr0 oppr0.
have /eqP := derivative_unique cA c0.
by rewrite oppr_eq0 mulf_eq0 pnatr_eq0 => /eqP.
Qed.

End Charge.

(* L1, the counterexample: the shear (x, y) ↦ (x + λy, y) leaves ℓ = (y − 1)² unchanged,
   and the charge xy is not conserved. *)
Section Shear.
Variable F : realFieldType.

Definition shear_generator : 'M[F]_2 := delta_mx 0 1.
Definition shear (s : F) : 'M[F]_2 := 1%:M + s *: shear_generator.
Definition shear_loss (_ : unit) (theta : 'cV[F]_2) : F := (theta 1 0 - 1) ^+ 2.
Definition shear_gradient (theta : 'cV[F]_2) : 'cV[F]_2 :=
  (2%:R * (theta 1 0 - 1)) *: delta_mx 1 0.

Theorem L1_shear_symmetry : exponential_symmetry shear_loss shear.
Proof.
move=> s [] theta; rewrite /shear_loss /shear; congr ((_ - _) ^+ 2).
rewrite mulmxDl mul1mx -scalemxAl mxE addrC mxE mxE big1 ?mulr0 ?add0r // => j _.
by rewrite mxE mul0r.
Qed.

(* The shears are a group of one parameter, generated by A. *)
Theorem L1_shear_group :
  [/\ shear 0 = 1%:M, forall s t, shear (s + t) = shear s *m shear t &
    forall theta, has_velocity (fun s => shear s *m theta) 0 (shear_generator *m theta)].
Proof.
split=> [|s t|theta e e0]; first by rewrite /shear scale0r addr0.
  rewrite /shear mulmxDl mul1mx mulmxDr mulmx1 -scalemxAl -scalemxAr mul_delta_mx_0 //.
  by rewrite !scaler0 addr0 scalerDl -addrA [t *: _ + _]addrC.
exists 1 => // s _.
rewrite /shear add0r scale0r addr0 mul1mx mulmxDl mul1mx -scalemxAl [theta + _]addrC addrK.
by rewrite subrr norm0 mulr_ge0 // ltW.
Qed.

Lemma shear_has_gradient theta :
  has_gradient (shear_loss tt) theta (shear_gradient theta).
Proof.
move=> e e0; exists e => // h hr.
have -> : shear_loss tt (theta + h) - shear_loss tt theta
    - inner (shear_gradient theta) h = (h 1 0) ^+ 2.
  rewrite /shear_loss /shear_gradient innerZl innerE (bigD1 1) //= !big_ord1.
  rewrite big1 => [|i i1]; last by rewrite big_ord1 !mxE (negPf i1) mul0r.
  by rewrite !mxE !eqxx /=; move: (theta _ _) (h _ _) => a b; ring.
rewrite normrX expr2.
have h1 : `|h 1 0| <= norm h by rewrite /norm (bigD1 1) //= ler_addl sumr_ge0.
by apply: ler_pmul => //; apply: le_trans h1 hr.
Qed.

(* At (x, y) = (1, 0) gradient flow gives Ċ = ∇C·(−∇ℓ) = −2x(y − 1) = 2. *)
Theorem L1_counterexample (theta := delta_mx 0 0 : 'cV[F]_2) : exists g gC,
  [/\ has_gradient (shear_loss tt) theta g, has_gradient (charge shear_generator) theta gC &
    inner gC (- g) = 2%:R].
Proof.
exists (shear_gradient theta), (2%:R *: (symmetric_part shear_generator *m theta)).
split; [exact: shear_has_gradient | exact: charge_gradient |].
rewrite innerNr innerZl innerZr innerC inner_delta -colE.
by rewrite /symmetric_part /shear_generator !mxE /= sub0r; field.
Qed.

(* The flow from there, (1, 1 − e^{−2t}), where there is a function like exp. *)
Theorem L1_counterexample_flow (ex : F -> F) : exp_like ex -> exists c : F -> 'cV[F]_2,
  [/\ c 0 = delta_mx 0 0, forall t, has_velocity c t (- shear_gradient (c t)) &
    has_derivative (fun s => charge shear_generator (c s)) 0 2%:R].
Proof.
move=> exl; have [ex0 exD _] := exl.
pose c t : 'cV[F]_2 := delta_mx 0 0 + (1 - ex (t * - 2%:R)) *: delta_mx 1 0.
have c0 : c 0 = delta_mx 0 0 by rewrite /c mul0r ex0 subrr scale0r addr0.
have cv t : has_velocity c t (- shear_gradient (c t)).
  apply: velocity_coordinates => i; rewrite /c /shear_gradient !mxE !eqxx /=.
  have [->|i0] := eqVneq i 0.
    rewrite /= mulr0 oppr0 => e /(derivative_const 1 t)[r r0 H].
    by exists r => // s /H; rewrite !mxE /= !mulr0 !addr0.
  have i1 : i == 1 by case: i i0 => -[|[|//]].
  rewrite i1 mulr1 mulr1 add0r => e e0.
  have [r r0 H] := exp_rate (- 2%:R) (- ex (t * - 2%:R)) exl e0; exists r => // s /H.
  rewrite !mxE i1 (negPf i0) /= !add0r !mulr1 mulrDl exD mul0r ex0.
  set x := ex _; set y := ex _.
  by congr (_ <= _); congr (`|_|); ring.
exists c; split=> //.
have [g [gC [lg Cg <-]]] := L1_counterexample.
have -> : g = shear_gradient (c 0).
  by rewrite c0; apply: gradient_unique lg (shear_has_gradient _).
by apply: derivative_along; rewrite ?c0 // -?c0.
Qed.

End Shear.
