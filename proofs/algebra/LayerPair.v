(* T17, the equation: two adjacent linear maps f = UWx, any loss on top, and the symmetry
   U → UP, W → P⁻¹W for every invertible P. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section LayerPair.
Variables (F : realFieldType) (dy r dx : nat).
Implicit Types (U : 'M[F]_(dy, r)) (W : 'M[F]_(r, dx)) (S T P : 'M[F]_r).

(* θ = (U, W) as one column vector. *)
Definition parameters U W : 'cV[F]_(dy * r + r * dx) :=
  col_mx (mxvec U)^T (mxvec W)^T.

(* The linear map (U, W) ↦ (US, TW), and the generator A(U, W) = (US, −SW). *)
Definition two_sided S T : 'M[F]_(dy * r + r * dx) :=
  block_mx (lin_mx (mulmxr S))^T 0 0 (lin_mx (mulmx T))^T.
Definition generator S : 'M[F]_(dy * r + r * dx) := two_sided S (- S).

Lemma two_sidedE S T U W : two_sided S T *m parameters U W = parameters (U *m S) (T *m W).
Proof.
rewrite /two_sided /parameters mul_block_col !mul0mx addr0 add0r -!trmx_mul.
by rewrite !mul_vec_lin.
Qed.

Lemma generatorE S U W : generator S *m parameters U W = parameters (U *m S) (- (S *m W)).
Proof. by rewrite two_sidedE mulNmx. Qed.

(* U and W, read off θ. *)
Definition outer_map (v : 'cV[F]_(dy * r + r * dx)) : 'M[F]_(dy, r) := vec_mx (usubmx v)^T.
Definition inner_map (v : 'cV[F]_(dy * r + r * dx)) : 'M[F]_(r, dx) := vec_mx (dsubmx v)^T.

Lemma outer_mapE U W : outer_map (parameters U W) = U.
Proof. by rewrite /outer_map /parameters col_mxKu trmxK mxvecK. Qed.

Lemma inner_mapE U W : inner_map (parameters U W) = W.
Proof. by rewrite /inner_map /parameters col_mxKd trmxK mxvecK. Qed.

Lemma parametersK (v : 'cV[F]_(dy * r + r * dx)) : exists U W, v = parameters U W.
Proof.
exists (outer_map v), (inner_map v).
by rewrite /parameters !vec_mxK !trmxK vsubmxK.
Qed.

Lemma parametersD U W U' W' :
  parameters U W + parameters U' W' = parameters (U + U') (W + W').
Proof. by rewrite /parameters add_col_mx !linearD. Qed.

Lemma inner_vec m n (X Y : 'M[F]_(m, n)) : inner (mxvec X)^T (mxvec Y)^T = inner X Y.
Proof.
rewrite !innerE [RHS]pair_bigA (reindex _ (curry_mxvec_bij _ _)) /=.
by apply: eq_bigr => -[i j] _; rewrite big_ord1 !mxE !mxvecE.
Qed.

Lemma inner_parameters U W U' W' :
  inner (parameters U W) (parameters U' W') = inner U U' + inner W W'.
Proof.
rewrite /parameters {1}/inner tr_col_mx mul_row_col raddfD /=.
by rewrite -!/(inner _ _) !inner_vec.
Qed.

Lemma generator_symmetric S : symmetric S -> symmetric (generator S).
Proof.
move=> symS; have bil (u v : 'cV[F]_(dy * r + r * dx)) :
    inner u (generator S *m v) = inner v (generator S *m u).
  have [U [W ->]] := parametersK u; have [U' [W' ->]] := parametersK v.
  rewrite !generatorE !inner_parameters !innerNr.
  rewrite [inner W _]inner_mulr symS (innerC _ W'); congr (_ - _).
  by rewrite /inner !mulmxA mxtrace_mulC -mxtrace_tr !trmx_mul trmxK symS.
apply/matrixP => i j; rewrite mxE; have := bil (delta_mx i 0) (delta_mx j 0).
by rewrite !inner_delta_mx.
Qed.

(* The symmetry: f does not change. *)
Lemma product_invariant U W P : P \in unitmx -> (U *m P) *m (invmx P *m W) = U *m W.
Proof. by move=> uP; rewrite mulmxA mulmxK. Qed.

(* With g = ∂ℓ/∂f, the gradient is g(Wx)ᵀ in U and Uᵀgxᵀ in W. *)
Definition gradient U W (x : 'cV[F]_dx) (g : 'cV[F]_dy) : 'cV[F]_(dy * r + r * dx) :=
  parameters (g *m (W *m x)^T) (U^T *m g *m x^T).

(* ∇ℓ(UWx) in the direction (U', W') is g·(U'W + UW')x. *)
Lemma gradient_direction U W x g U' W' :
  inner (gradient U W x g) (parameters U' W') = inner g ((U' *m W + U *m W') *m x).
Proof.
rewrite inner_parameters inner_outer -mulmxA inner_mull trmxK.
by rewrite inner_outer mulmxDl innerDr !mulmxA.
Qed.

Lemma norm_mx_vec m n (X : 'M[F]_(m, n)) : norm (mxvec X)^T = norm_mx X.
Proof.
rewrite /norm_mx /norm exchange_big pair_bigA (reindex _ (curry_mxvec_bij _ _)) /=.
by apply: eq_bigr => -[i j] _; rewrite !mxE mxvecE.
Qed.

Lemma norm_parameters U W : norm (parameters U W) = norm_mx U + norm_mx W.
Proof.
rewrite -!norm_mx_vec /norm /parameters big_split_ord /=; congr (_ + _).
  by apply: eq_bigr => i _; rewrite col_mxEu.
by apply: eq_bigr => i _; rewrite col_mxEd.
Qed.

(* The derivative of UWx with respect to (U, W). *)
Definition product_jacobian U W x : 'M[F]_(dy, dy * r + r * dx) :=
  \matrix_(i, k) gradient U W x (delta_mx i 0) k 0.

Lemma product_jacobianE U W x U' W' :
  product_jacobian U W x *m parameters U' W' = (U' *m W + U *m W') *m x.
Proof.
apply/colP => i; rewrite -[RHS]inner_delta -gradient_direction innerE mxE; apply: eq_bigr => k _.
by rewrite big_ord1 mxE.
Qed.

Lemma product_has_jacobian U W x :
  has_jacobian (fun v => outer_map v *m inner_map v *m x) (parameters U W)
    (product_jacobian U W x).
Proof.
move=> e e0; pose k := norm x + 1; have k0 : 0 < k by rewrite ltr_paddl ?norm_ge0 ?ltr01.
exists (e / k) => [|h]; first exact: divr_gt0.
have [U' [W' ->]] := parametersK h; rewrite parametersD !outer_mapE !inner_mapE.
rewrite product_jacobianE norm_parameters => small.
have -> : (U + U') *m (W + W') *m x - U *m W *m x - (U' *m W + U *m W') *m x =
    U' *m (W' *m x).
  rewrite !(mulmxDl, mulmxDr) -!mulmxA.
  move: (U *m (W *m x)) (U *m (W' *m x)) (U' *m (W *m x)) (U' *m (W' *m x)) => p q s u.
  by apply/colP => i; rewrite !mxE; ring.
apply: le_trans (norm_mul _ _) _; have U0 := norm_mx_ge0 U'; have W0 := norm_mx_ge0 W'.
set n := norm_mx U' + norm_mx W' in small *; have n0 : 0 <= n by apply: addr_ge0.
have Un : norm_mx U' <= n by rewrite ler_addl.
have Wn : norm (W' *m x) <= n * k.
  apply: le_trans (norm_mul _ _) _; apply: ler_pmul; rewrite ?norm_ge0 //.
    by rewrite ler_addr.
  by rewrite ler_addl ler01.
apply: le_trans (ler_pmul U0 (norm_ge0 _) Un Wn) _.
by rewrite [e * n]mulrC; apply: ler_wpmul2l => //; rewrite -ler_pdivl_mulr.
Qed.

Theorem T17_gradient (loss : 'cV[F]_dy -> F) U W x g :
  has_gradient loss (U *m W *m x) g ->
  has_gradient (fun v => loss (outer_map v *m inner_map v *m x)) (parameters U W)
    (gradient U W x g).
Proof.
move=> lg; have -> : gradient U W x g = (product_jacobian U W x)^T *m g.
  apply/eqP; rewrite -subr_eq0; apply/eqP/inner_eq0.
  set v := gradient U W x g - _; have [U' [W' vE]] := parametersK v.
  rewrite {1}/v innerBl inner_mull trmxK vE gradient_direction product_jacobianE.
  by rewrite subrr.
apply: gradient_comp (product_has_jacobian U W x) _.
by rewrite outer_mapE inner_mapE.
Qed.

Section Samples.
Variables (I : finType) (w : I -> F) (x : I -> 'cV[F]_dx) (g : I -> 'cV[F]_dy).
Variables (gamma sigmasq : F).

Definition mean_outer : 'M[F]_(dy, dx) := mean w (fun i => g i *m (x i)^T).   (* Ḡ *)
Definition Gamma_W : 'M[F]_dx :=
  mean w (fun i => inner (g i) (g i) *: (x i *m (x i)^T)) - mean_outer^T *m mean_outer.
Definition Gamma_U : 'M[F]_dy :=
  mean w (fun i => inner (x i) (x i) *: (g i *m (g i)^T)) - mean_outer *m mean_outer^T.

(* M = Uᵀ(2γI + σ²Γ_U)U and N = W(2γI + σ²Γ_W)Wᵀ. *)
Definition M_side U : 'M[F]_r :=
  U^T *m ((2%:R * gamma)%:M + sigmasq *: Gamma_U) *m U.
Definition N_side W : 'M[F]_r :=
  W *m ((2%:R * gamma)%:M + sigmasq *: Gamma_W) *m W^T.

Definition Sigma U W : 'M[F]_(dy * r + r * dx) := covariance w (fun i => gradient U W (x i) (g i)).

Lemma Gamma_U_symmetric : symmetric Gamma_U.
Proof.
rewrite /symmetric /Gamma_U linearB /= trmx_mul trmxK -mean_tr; congr (_ - _).
by apply: eq_mean => i; rewrite linearZ /= trmx_mul trmxK.
Qed.

Lemma Gamma_W_symmetric : symmetric Gamma_W.
Proof.
rewrite /symmetric /Gamma_W linearB /= trmx_mul trmxK -mean_tr; congr (_ - _).
by apply: eq_mean => i; rewrite linearZ /= trmx_mul trmxK.
Qed.

Lemma M_side_symmetric U : symmetric (M_side U).
Proof.
rewrite /symmetric /M_side !trmx_mul trmxK linearD linearZ /= tr_scalar_mx.
by rewrite Gamma_U_symmetric mulmxA.
Qed.

Lemma N_side_symmetric W : symmetric (N_side W).
Proof.
rewrite /symmetric /N_side !trmx_mul trmxK linearD linearZ /= tr_scalar_mx.
by rewrite Gamma_W_symmetric mulmxA.
Qed.

Lemma parameters_mean (X : I -> 'M[F]_(dy, r)) (Y : I -> 'M[F]_(r, dx)) :
  mean w (fun i => parameters (X i) (Y i)) = parameters (mean w X) (mean w Y).
Proof.
rewrite /mean /parameters !linear_sum /=.
transitivity (\sum_i col_mx (w i *: (mxvec (X i))^T) (w i *: (mxvec (Y i))^T)).
  by apply: eq_bigr => i _; rewrite scale_col_mx.
elim/big_rec3: _ => [|i a b c _ ->]; first by rewrite col_mx0.
by rewrite add_col_mx !linearZ.
Qed.

Lemma mean_gradient U W :
  mean w (fun i => gradient U W (x i) (g i)) =
  parameters (mean_outer *m W^T) (U^T *m mean_outer).
Proof.
rewrite parameters_mean -mean_mulr -mean_mull; congr parameters.
  by apply: eq_mean => i; rewrite trmx_mul mulmxA.
by apply: eq_mean => i; rewrite mulmxA.
Qed.

(* The noise in the block of U, traced over its rows, is WΓ_WWᵀ; that in the block of W,
   traced over its columns, is UᵀΓ_UU. *)
Lemma trace_noise U W S T :
  \tr (Sigma U W *m two_sided S T) =
  \tr (S *m (W *m Gamma_W *m W^T)) + \tr (T *m (U^T *m Gamma_U *m U)).
Proof.
rewrite trace_covariance mean_gradient.
pose form (X : 'M[F]_(dy, r)) (Y : 'M[F]_(r, dx)) :=
  \tr (S *m (X^T *m X)) + \tr (T *m (Y *m Y^T)).
have formE X Y : charge (two_sided S T) (parameters X Y) = form X Y.
  rewrite /charge two_sidedE inner_parameters /form; congr (_ + _).
    by rewrite /inner [RHS]mxtrace_mulC mulmxA.
  by rewrite /inner mxtrace_mulC -mulmxA.
have outer m n (u : 'cV[F]_m) (v : 'cV[F]_n) :
    (u *m v^T)^T *m (u *m v^T) = inner u u *: (v *m v^T).
  rewrite trmx_mul trmxK mulmxA -(mulmxA v) scalar_mx_inner mul_mx_scalar.
  by rewrite -scalemxAl.
have noiseU : mean w (fun i => (g i *m (W *m x i)^T)^T *m (g i *m (W *m x i)^T)) =
    W *m mean w (fun i => inner (g i) (g i) *: (x i *m (x i)^T)) *m W^T.
  rewrite -mean_mull -mean_mulr; apply: eq_mean => i.
  by rewrite outer trmx_mul -scalemxAr -scalemxAl !mulmxA.
have noiseW : mean w (fun i => (U^T *m g i *m (x i)^T) *m (U^T *m g i *m (x i)^T)^T) =
    U^T *m mean w (fun i => inner (x i) (x i) *: (g i *m (g i)^T)) *m U.
  rewrite -mean_mull -mean_mulr; apply: eq_mean => i.
  rewrite -[X in X *m _]trmxK [(U^T *m _ *m _)^T]trmx_mul trmxK outer.
  by rewrite trmx_mul trmxK -scalemxAr -scalemxAl !mulmxA.
have -> : scalar_mean w (fun i => charge (two_sided S T) (gradient U W (x i) (g i))) =
    \tr (S *m (W *m mean w (fun i => inner (g i) (g i) *: (x i *m (x i)^T)) *m W^T)) +
    \tr (T *m (U^T *m mean w (fun i => inner (x i) (x i) *: (g i *m (g i)^T)) *m U)).
  rewrite -noiseU -noiseW -!mean_mull !mean_trace -big_split /=.
  by apply: eq_bigr => i _; rewrite -mulrDr formE.
rewrite formE /form /Gamma_W /Gamma_U !(mulmxBl, mulmxBr, raddfB) /=.
rewrite !trmx_mul !trmxK !mulmxA.
by move: (\tr _) (\tr _) (\tr _) (\tr _) => p q s u; ring.
Qed.

(* G_S(0) = −4γC + 2σ²Tr[ΣA], for the generator with direction S. *)
Definition balance U W S : F :=
  - (4%:R * gamma) * charge (generator S) (parameters U W)
  + 2%:R * sigmasq * \tr (Sigma U W *m generator S).

Theorem T17_balance_function U W S :
  balance U W S = 2%:R * \tr (S *m (N_side W - M_side U)).
Proof.
rewrite /balance trace_noise mulNmx raddfN /= /charge generatorE inner_parameters innerNr.
have -> : inner U (U *m S) = \tr (S *m (U^T *m U)).
  by rewrite /inner [RHS]mxtrace_mulC mulmxA.
have -> : inner W (S *m W) = \tr (S *m (W *m W^T)).
  by rewrite /inner mxtrace_mulC -mulmxA.
rewrite /N_side /M_side; move: Gamma_W Gamma_U => GW GU.
rewrite !(mulmxDl, mulmxDr, mulmxBr, mulmxN, raddfB, raddfD, raddfN) /=.
rewrite !mul_mx_scalar -!scalemxAl -!scalemxAr -!scalemxAl -!scalemxAr !linearZ /=.
by move: (\tr _) (\tr _) (\tr _) (\tr _) => p q s u; ring.
Qed.

(* Every symmetric direction is balanced if and only if M = N. *)
Theorem T17_balance_iff U W :
  (forall S, symmetric S -> balance U W S = 0) <-> M_side U = N_side W.
Proof.
split=> [bal|MN S _]; last by rewrite T17_balance_function MN subrr mulmx0 mxtrace0 mulr0.
pose X := N_side W - M_side U.
have symX : symmetric X by rewrite /symmetric linearB /= N_side_symmetric M_side_symmetric.
have /eqP := bal X symX; rewrite T17_balance_function mulf_eq0 pnatr_eq0 /=.
move=> /eqP X0; apply/esym/eqP; rewrite -subr_eq0; apply/eqP.
by apply: inner_eq0; rewrite /inner -/X symX.
Qed.

(* The balance potential 2γ‖θ‖² + σ²Tr Σ is Tr M + Tr N. *)
Lemma potentialE U W :
  2%:R * gamma * inner (parameters U W) (parameters U W) + sigmasq * \tr (Sigma U W) =
  \tr (M_side U) + \tr (N_side W).
Proof.
have -> : \tr (Sigma U W) = \tr (Sigma U W *m two_sided 1%:M 1%:M).
  congr (\tr _); rewrite -[LHS]mulmx1; congr (_ *m _).
  rewrite scalar_mx_block; congr block_mx; apply/esym.
    rewrite -[RHS]trmx1; congr (_^T); apply/row_matrixP => i.
    rewrite rowE -[delta_mx _ _]vec_mxK mul_vec_lin /= mulmx1 vec_mxK.
    by rewrite rowE mulmx1.
  rewrite -[RHS]trmx1; congr (_^T); apply/row_matrixP => i.
  rewrite rowE -[delta_mx _ _]vec_mxK mul_vec_lin /= mul1mx vec_mxK.
  by rewrite rowE mulmx1.
rewrite trace_noise inner_parameters !mul1mx /M_side /N_side.
move: Gamma_W Gamma_U => GW GU; rewrite !(mulmxDl, mulmxDr, raddfD) /=.
rewrite !mul_mx_scalar -!scalemxAl -!scalemxAr -!scalemxAl !linearZ /=.
rewrite /inner (mxtrace_mulC W^T).
by move: (\tr _) (\tr _) (\tr _) (\tr _) => p q s u; ring.
Qed.

(* On the orbit f, and with it every g and Γ, stays the same. *)
Lemma M_side_orbit U P : M_side (U *m P) = P^T *m M_side U *m P.
Proof. by rewrite /M_side trmx_mul !mulmxA. Qed.

Lemma N_side_orbit W P :
  N_side (invmx P *m W) = invmx P *m N_side W *m (invmx P)^T.
Proof. by rewrite /N_side trmx_mul !mulmxA. Qed.

(* The point moved by P is balanced if and only if SMS = N for S = PPᵀ. *)
Theorem T17_orbit_balance U W P : P \in unitmx ->
  M_side (U *m P) = N_side (invmx P *m W) <->
  (P *m P^T) *m M_side U *m (P *m P^T) = N_side W.
Proof.
move=> uP; have uPt : P^T \in unitmx by rewrite unitmx_tr.
rewrite M_side_orbit N_side_orbit trmx_inv; move: (M_side U) (N_side W) => M N.
split=> [H|<-]; last by rewrite !mulmxA mulVmx // mul1mx mulmxK.
have -> : P *m P^T *m M *m (P *m P^T) = P *m (P^T *m M *m P) *m P^T by rewrite !mulmxA.
by rewrite H !mulmxA mulmxV // mul1mx mulmxKV.
Qed.

(* Its potential is Tr(MS) + Tr(NS⁻¹). *)
Theorem T17_orbit_potential U W P : P \in unitmx ->
  \tr (M_side (U *m P)) + \tr (N_side (invmx P *m W)) =
  \tr (M_side U *m (P *m P^T)) + \tr (N_side W *m invmx (P *m P^T)).
Proof.
move=> uP; have uPt : P^T \in unitmx by rewrite unitmx_tr.
have -> : invmx (P *m P^T) = invmx P^T *m invmx P.
  have uPP : P *m P^T \in unitmx by rewrite unitmx_mul uP.
  apply: (can_inj (mulKmx uPP)).
  by rewrite mulmxV // mulmxA mulmxK // mulmxV.
rewrite M_side_orbit N_side_orbit trmx_inv; move: (M_side U) (N_side W) => M N.
congr (_ + _); first by rewrite -mulmxA mxtrace_mulC -mulmxA.
by rewrite -mulmxA mxtrace_mulC -mulmxA.
Qed.

End Samples.
End LayerPair.
