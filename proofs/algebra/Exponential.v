(* The transformations that Symmetry.v asks for exist: every symmetric A has its family
   e^{λA}, if the field has a function like exp. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative Symmetry Spectral.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Velocity.
Variable F : realFieldType.

Lemma eq_derivative (phi psi : F -> F) t a :
  phi =1 psi -> has_derivative phi t a -> has_derivative psi t a.
Proof. by move=> pp H e /H[r r0 Hr]; exists r => // s /Hr; rewrite !pp. Qed.

Lemma eq_velocity n (c c' : F -> 'cV[F]_n) t v :
  c =1 c' -> has_velocity c t v -> has_velocity c' t v.
Proof. by move=> cc H e /H[r r0 Hr]; exists r => // s /Hr; rewrite !cc. Qed.

(* Finitely many radii have a common one. *)
Lemma common_radius n (P : 'I_n -> F -> Prop) :
  (forall i r r', P i r -> r' <= r -> P i r') ->
  (forall i, exists2 r, 0 < r & P i r) -> exists2 r, 0 < r & forall i, P i r.
Proof.
elim: n P => [|n IH] P down each; first by exists 1 => // -[].
have [r r0 Pr] := IH (fun i => P (lift ord0 i)) (fun i => down _) (fun i => each _).
have [q q0 Pq] := each ord0; exists (Num.min r q) => [|i].
  by rewrite lt_minr r0 q0.
case: (unliftP ord0 i) => [j ->|->].
  by apply: down (Pr j) _; rewrite le_minl lexx.
by apply: down Pq _; rewrite le_minl lexx orbT.
Qed.

Lemma velocity_coordinates n (c : F -> 'cV[F]_n) t (v : 'cV[F]_n) :
  (forall i, has_derivative (fun s => c s i 0) t (v i 0)) -> has_velocity c t v.
Proof.
move=> cv e e0; have e1 : 0 < e / n.+1%:R by rewrite divr_gt0 // ltr0n.
have [|i|r r0 H] := @common_radius n (fun i r => forall s, `|s| <= r ->
    `|c (t + s) i 0 - c t i 0 - s * v i 0| <= e / n.+1%:R * `|s|).
- by move=> i r r' Pr rr s sr; apply: Pr; apply: le_trans rr.
- by have [r r0 Hr] := cv i _ e1; exists r.
exists r => // s sr.
apply: le_trans (_ : \sum_(i < n) e / n.+1%:R * `|s| <= _).
  by apply: ler_sum => i _; rewrite !mxE; apply: H.
rewrite sumr_const card_ord -mulr_natr mulrAC; apply: ler_wpmul2r => //.
rewrite -mulrA ler_pimulr ?(ltW e0) // mulrC ler_pdivr_mulr ?ltr0n // mul1r.
by rewrite ler_nat.
Qed.

Lemma velocity_linear m n (K : 'M[F]_(m, n)) (c : F -> 'cV[F]_n) t (v : 'cV[F]_n) :
  has_velocity c t v -> has_velocity (fun s => K *m c s) t (K *m v).
Proof.
move=> cv e e0; pose k := norm_mx K + 1.
have k0 : 0 < k by rewrite ltr_paddl ?norm_mx_ge0 ?ltr01.
have [r r0 cr] := cv _ (divr_gt0 e0 k0); exists r => // s /cr H.
rewrite scalemxAr -!mulmxBr; apply: le_trans (norm_mul _ _) _.
apply: le_trans (_ : k * (e / k * `|s|) <= _).
  by apply: ler_pmul; rewrite ?norm_ge0 ?norm_mx_ge0 // ler_addl ler01.
by rewrite mulrA [k * _]mulrC divfK ?gt_eqF.
Qed.

(* ex is like exp: it turns sums into products, and its derivative at 0 is 1. *)
Definition exp_like (ex : F -> F) : Prop :=
  [/\ ex 0 = 1, forall s t, ex (s + t) = ex s * ex t & has_derivative ex 0 1].

Lemma exp_rate ex mu y : exp_like ex ->
  has_derivative (fun s => ex (s * mu) * y) 0 (mu * y).
Proof.
move=> [ex0 _ ex1] e e0; pose k := (`|mu| + 1) * (`|y| + 1).
have mu0 : 0 < `|mu| + 1 by rewrite ltr_paddl ?ltr01.
have y0 : 0 < `|y| + 1 by rewrite ltr_paddl ?ltr01.
have k0 : 0 < k by rewrite mulr_gt0.
have [r r0 Hr] := ex1 _ (divr_gt0 e0 k0).
exists (r / (`|mu| + 1)) => [|s sr]; first exact: divr_gt0.
have smu : `|s * mu| <= `|s| * (`|mu| + 1).
  by rewrite normrM ler_wpmul2l // ler_addl ler01.
have {}Hr : `|ex (s * mu) - 1 - s * mu| <= e / k * (`|s| * (`|mu| + 1)).
  have := Hr (s * mu); rewrite add0r ex0 mulr1 => H.
  apply: le_trans (H _) _; last by rewrite ler_pmul2l // divr_gt0.
  by apply: le_trans smu _; rewrite -ler_pdivl_mulr.
rewrite add0r mul0r ex0 mul1r mulrA.
have -> : ex (s * mu) * y - y - s * mu * y = (ex (s * mu) - 1 - s * mu) * y.
  by rewrite !mulrBl mul1r.
rewrite normrM; apply: le_trans (_ : e / k * (`|s| * (`|mu| + 1)) * (`|y| + 1) <= _).
  by apply: ler_pmul => //; rewrite ler_addl ler01.
have -> // : e / k * (`|s| * (`|mu| + 1)) * (`|y| + 1) = e * `|s|.
move: mu0 y0 (`|s|); rewrite /k => /lt0r_neq0 mu0 /lt0r_neq0 y0 t.
by field; rewrite mu0 y0.
Qed.

End Velocity.

Section Exponential.
Variables (R : rcfType) (d : nat) (ex : R -> R).

(* QᵀDQ with the entries e^{λμ_k} in D. *)
Definition spectral_exponential (Q : 'M[R]_d) (mu : 'rV[R]_d) (s : R) : 'M[R]_d :=
  Q^T *m diag_mx (\row_i ex (s * mu 0 i)) *m Q.

Lemma spectral_exponentialP (Q : 'M[R]_d) (mu : 'rV[R]_d) :
  orthogonal Q -> exp_like ex ->
  exponential (Q^T *m diag_mx mu *m Q) (spectral_exponential Q mu).
Proof.
move=> QQ exl; have [ex0 exD _] := exl; have QtQ := orthogonal_tr QQ.
rewrite /spectral_exponential; pose D s := diag_mx (\row_i ex (s * mu 0 i)); split.
- have -> : \row_i ex (0 * mu 0 i) = const_mx 1.
    by apply/rowP => i; rewrite !mxE mul0r.
  by rewrite diag_const_mx mulmx1.
- move=> s t; rewrite !mulmxA -(mulmxA _ Q) QQ mulmx1 -(mulmxA Q^T (D s)).
  congr (_ *m _ *m _); rewrite /D mulmx_diag; congr diag_mx; apply/rowP => i.
  by rewrite !mxE mulrDl exD.
- by move=> s; rewrite /symmetric !trmx_mul trmxK tr_diag_mx mulmxA.
move=> theta; rewrite -!mulmxA.
have vel : has_velocity (fun s => D s *m (Q *m theta)) 0 (diag_mx mu *m (Q *m theta)).
  apply: velocity_coordinates => i; rewrite mul_diag_mx [X in has_derivative _ _ X]mxE.
  apply: (eq_derivative _ (exp_rate (mu 0 i) ((Q *m theta) i 0) exl)) => s.
  by rewrite mul_diag_mx !mxE.
apply: (eq_velocity _ (velocity_linear Q^T vel)) => s.
by rewrite !mulmxA.
Qed.

Theorem D1_exponential_exists (A : 'M[R]_d) : symmetric A -> exp_like ex ->
  exists E : R -> 'M[R]_d, exponential A E.
Proof.
move=> symA exl; have [Q [mu QQ ->]] := spectral_theorem symA.
by exists (spectral_exponential Q mu); apply: spectral_exponentialP.
Qed.

End Exponential.
