(* Derivatives over any ordered field, by ε and δ: all that T1, T2 and T3 need, and no
   completeness. A map f from column vectors to column vectors has the Jacobian J at x
   if f(x+h) − f(x) − Jh is o(h); the norm is the sum of the absolute values. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Derivative.
Variable F : realFieldType.

Definition norm n (v : 'cV[F]_n) : F := \sum_i `|v i 0|.

Definition has_jacobian m n (f : 'cV[F]_m -> 'cV[F]_n) x (J : 'M[F]_(n, m)) : Prop :=
  forall e, 0 < e -> exists2 r, 0 < r & forall h,
    norm h <= r -> norm (f (x + h) - f x - J *m h) <= e * norm h.

(* f has the gradient g at x: f(x+h) − f(x) − g·h = o(h). *)
Definition has_gradient n (f : 'cV[F]_n -> F) x (g : 'cV[F]_n) : Prop :=
  forall e, 0 < e -> exists2 r, 0 < r & forall h,
    norm h <= r -> `|f (x + h) - f x - inner g h| <= e * norm h.

(* The curve c has the velocity v at t. *)
Definition has_velocity n (c : F -> 'cV[F]_n) t (v : 'cV[F]_n) : Prop :=
  forall e, 0 < e -> exists2 r, 0 < r & forall s,
    `|s| <= r -> norm (c (t + s) - c t - s *: v) <= e * `|s|.

(* The function φ of one variable has the derivative a at t. *)
Definition has_derivative (phi : F -> F) t (a : F) : Prop :=
  forall e, 0 < e -> exists2 r, 0 < r & forall s,
    `|s| <= r -> `|phi (t + s) - phi t - s * a| <= e * `|s|.

Section Norm.
Variable n : nat.
Implicit Types (u v : 'cV[F]_n) (a : F).

Lemma norm_ge0 v : 0 <= norm v.
Proof. by apply: sumr_ge0. Qed.

Lemma norm0 : norm (0 : 'cV[F]_n) = 0.
Proof. by apply: big1 => i _; rewrite mxE normr0. Qed.

Lemma norm_eq0 v : norm v = 0 -> v = 0.
Proof.
move=> /eqP; rewrite psumr_eq0 // => /allP v0; apply/colP => i; rewrite mxE.
by apply/eqP; rewrite -normr_eq0; apply: v0; rewrite mem_index_enum.
Qed.

Lemma normD u v : norm (u + v) <= norm u + norm v.
Proof. by rewrite /norm -big_split; apply: ler_sum => i _; rewrite mxE ler_norm_add. Qed.

Lemma normZ a v : norm (a *: v) = `|a| * norm v.
Proof. by rewrite /norm mulr_sumr; apply: eq_bigr => i _; rewrite mxE normrM. Qed.

Lemma normN v : norm (- v) = norm v.
Proof. by apply: eq_bigr => i _; rewrite mxE normrN. Qed.

Lemma inner_le u v : `|inner u v| <= norm u * norm v.
Proof.
rewrite innerE mulr_suml; apply: le_trans (ler_norm_sum _ _ _) _.
apply: ler_sum => i _; rewrite big_ord1 normrM ler_wpmul2l //.
by rewrite /norm (bigD1 i) //= ler_addl sumr_ge0.
Qed.

End Norm.

Definition norm_mx m n (J : 'M[F]_(m, n)) : F := \sum_j norm (col j J).

Lemma norm_mx_ge0 m n (J : 'M[F]_(m, n)) : 0 <= norm_mx J.
Proof. by apply: sumr_ge0 => j _; apply: norm_ge0. Qed.

Lemma norm_mul m n (J : 'M[F]_(m, n)) v : norm (J *m v) <= norm_mx J * norm v.
Proof.
have -> : J *m v = \sum_j v j 0 *: col j J.
  apply/colP => i; rewrite mxE summxE; apply: eq_bigr => j _.
  by rewrite !mxE mulrC.
have: norm (\sum_j v j 0 *: col j J) <= \sum_j norm (v j 0 *: col j J).
  elim/big_rec2: _ => [|j y z _ yz]; first by rewrite norm0.
  by apply: le_trans (normD _ _) _; rewrite ler_add2l.
move/le_trans; apply; rewrite mulr_suml; apply: ler_sum => j _.
rewrite normZ mulrC ler_wpmul2l ?norm_ge0 //.
by rewrite /norm (bigD1 j) //= ler_addl sumr_ge0.
Qed.

(* A linear map that is o(h) is 0: derivatives are unique. *)
Lemma linear_small m n (J : 'M[F]_(n, m)) :
  (forall e, 0 < e -> exists2 r, 0 < r & forall h : 'cV_m,
     norm h <= r -> norm (J *m h) <= e * norm h) -> J = 0.
Proof.
move=> small; have J0 (h : 'cV_m) : J *m h = 0.
  apply: norm_eq0; apply/eqP; rewrite eq_le norm_ge0 andbT.
  have [->|h0] := eqVneq h 0; first by rewrite mulmx0 norm0.
  have h_gt0 : 0 < norm h.
    by rewrite lt_neqAle norm_ge0 andbT eq_sym; apply: contra h0 => /eqP/norm_eq0/eqP.
  apply/ler_addgt0Pr => e e0; rewrite add0r.
  have [r r0 Jr] := small (e / norm h) (divr_gt0 e0 h_gt0).
  pose t := r / norm h; have t0 : 0 < t := divr_gt0 r0 h_gt0.
  have /Jr : norm (t *: h) <= r by rewrite normZ gtr0_norm // divfK // gt_eqF.
  rewrite -scalemxAr !normZ mulrCA [X in _ <= _ * X]divfK ?gt_eqF //.
  by rewrite ler_pmul2l // normr_gt0 gt_eqF.
apply/matrixP => i j; have /colP/(_ i) := J0 (delta_mx j 0).
by rewrite -colE !mxE.
Qed.

Lemma jacobian_unique m n (f : 'cV[F]_m -> 'cV[F]_n) x J K :
  has_jacobian f x J -> has_jacobian f x K -> J = K.
Proof.
move=> fJ fK; apply/eqP; rewrite -subr_eq0; apply/eqP/linear_small => e e0.
have e2 : 0 < e / 2%:R by rewrite divr_gt0 // ltr0n.
have [r r0 Jr] := fJ _ e2; have [q q0 Kq] := fK _ e2.
exists (Num.min r q) => [|h]; first by rewrite lt_minr r0 q0.
rewrite le_minr => /andP[/Jr hJ /Kq hK].
have -> : (J - K) *m h =
  (f (x + h) - f x - K *m h) - (f (x + h) - f x - J *m h).
  by rewrite mulmxBl opprB [RHS]addrC addrA subrK.
apply: le_trans (normD _ _) _; rewrite normN; apply: le_trans (ler_add hK hJ) _.
by rewrite -mulrDl -splitr.
Qed.

(* The scalar notions are cases of the vector one. *)
Lemma norm_scalar (a : F) : norm (a%:M : 'cV_1) = `|a|.
Proof. by rewrite /norm big_ord1 !mxE mulr1n. Qed.

Lemma gradient_jacobian n (f : 'cV[F]_n -> F) x g :
  has_gradient f x g <-> has_jacobian (fun y => (f y)%:M : 'cV_1) x g^T.
Proof.
have E h : norm ((f (x + h))%:M - (f x)%:M - g^T *m h : 'cV_1) =
    `|f (x + h) - f x - inner g h|.
  by rewrite scalar_mx_inner -!raddfB norm_scalar.
by split=> H e /H[r r0 Hr]; exists r => // h /Hr; rewrite E.
Qed.

Lemma gradient_unique n (f : 'cV[F]_n -> F) x g k :
  has_gradient f x g -> has_gradient f x k -> g = k.
Proof.
move=> /gradient_jacobian fg /gradient_jacobian fk.
by apply: trmx_inj; apply: jacobian_unique fg fk.
Qed.

(* The chain rule. *)
Lemma gradient_comp m n (phi : 'cV[F]_n -> F) (f : 'cV[F]_m -> 'cV[F]_n) x J g :
  has_jacobian f x J -> has_gradient phi (f x) g ->
  has_gradient (fun y => phi (f y)) x (J^T *m g).
Proof.
move=> fJ pg e e0; pose b := norm_mx J + 1; pose k := norm g + 1.
have b0 : 0 < b by rewrite ltr_paddl ?norm_mx_ge0 ?ltr01.
have k0 : 0 < k by rewrite ltr_paddl ?norm_ge0 ?ltr01.
have e2 : 0 < e / 2%:R by rewrite divr_gt0 // ltr0n.
have [r r0 pr] := pg (e / 2%:R / b) (divr_gt0 e2 b0).
have d0 : 0 < Num.min 1 (e / 2%:R / k) by rewrite lt_minr ltr01 divr_gt0.
have [q q0 fq] := fJ _ d0.
exists (Num.min q (r / b)) => [|h]; first by rewrite lt_minr q0 divr_gt0.
rewrite le_minr => /andP[/fq hq hr]; set o := f (x + h) - f x - J *m h in hq.
have fE : f (x + h) = f x + (J *m h + o) by rewrite /o [J *m h + _]addrC subrK [RHS]addrC subrK.
have o1 : norm o <= norm h.
  by apply: le_trans hq _; rewrite ler_pimull ?norm_ge0 // le_minl lexx.
have o2 : norm g * norm o <= e / 2%:R * norm h.
  have ok : norm o <= e / 2%:R / k * norm h.
    by apply: le_trans hq _; rewrite ler_wpmul2r ?norm_ge0 // le_minl lexx orbT.
  apply: le_trans (_ : k * (e / 2%:R / k * norm h) <= _).
    by rewrite ler_pmul ?norm_ge0 // ler_addl ler01.
  by rewrite mulrA [k * _]mulrC divfK ?gt_eqF.
have vb : norm (J *m h + o) <= b * norm h.
  apply: le_trans (normD _ _) _; rewrite mulrDl mul1r.
  exact: ler_add (norm_mul _ _) o1.
have vr : norm (J *m h + o) <= r.
  by apply: le_trans vb _; rewrite mulrC -ler_pdivl_mulr.
rewrite fE inner_mull trmxK.
have -> : phi (f x + (J *m h + o)) - phi (f x) - inner g (J *m h) =
    (phi (f x + (J *m h + o)) - phi (f x) - inner g (J *m h + o)) + inner g o.
  by rewrite innerDr; ring.
apply: le_trans (ler_norm_add _ _) _; rewrite [e]splitr mulrDl; apply: ler_add.
  apply: le_trans (pr _ vr) _.
  apply: le_trans (_ : e / 2%:R / b * (b * norm h) <= _).
    by rewrite ler_pmul2l // divr_gt0.
  by rewrite mulrA divfK ?gt_eqF.
by apply: le_trans (inner_le _ _) o2.
Qed.

(* Composition with an invertible linear change of variables, before and after. *)
Lemma jacobian_linear m n (f : 'cV[F]_m -> 'cV[F]_n) (f' : 'cV[F]_m -> 'cV[F]_n)
    (E : 'M[F]_m) (K : 'M[F]_n) x J :
  E \in unitmx -> (forall y, f' (E *m y) = K *m f y) ->
  has_jacobian f x J -> has_jacobian f' (E *m x) (K *m J *m invmx E).
Proof.
move=> uE ff fJ e e0.
pose k := norm_mx K + 1; pose i := norm_mx (invmx E) + 1.
have k0 : 0 < k by rewrite ltr_paddl ?norm_mx_ge0 ?ltr01.
have i0 : 0 < i by rewrite ltr_paddl ?norm_mx_ge0 ?ltr01.
have [r r0 Jr] := fJ (e / (k * i)) (divr_gt0 e0 (mulr_gt0 k0 i0)).
exists (r / i) => [|h hr]; first exact: divr_gt0.
pose h' := invmx E *m h.
have h'i : norm h' <= i * norm h.
  apply: le_trans (norm_mul _ _) _; rewrite ler_wpmul2r ?norm_ge0 //.
  by rewrite ler_addl ler01.
have h'r : norm h' <= r.
  by apply: le_trans h'i _; rewrite mulrC -ler_pdivl_mulr.
have -> : E *m x + h = E *m (x + h') by rewrite mulmxDr mulKVmx.
rewrite !ff -mulmxA -[invmx E *m h]/h' -mulmxA -!mulmxBr.
apply: le_trans (norm_mul _ _) _.
have kK : norm_mx K <= k by rewrite ler_addl ler01.
apply: le_trans (ler_pmul (norm_mx_ge0 _) (norm_ge0 _) kK (Jr _ h'r)) _.
have -> : e * norm h = k * (e / (k * i) * (i * norm h)).
  by field; rewrite !gt_eqF.
rewrite ler_pmul2l // ler_pmul2l //.
by rewrite divr_gt0 // mulr_gt0.
Qed.

(* The derivative of f along a curve. *)
Lemma derivative_along n (f : 'cV[F]_n -> F) c t v g :
  has_velocity c t v -> has_gradient f (c t) g ->
  has_derivative (fun s => f (c s)) t (inner g v).
Proof.
move=> cv fg e e0.
pose b := norm v + 1; pose k := norm g + 1.
have b0 : 0 < b by rewrite ltr_paddl ?norm_ge0 ?ltr01.
have k0 : 0 < k by rewrite ltr_paddl ?norm_ge0 ?ltr01.
have e2 : 0 < e / 2%:R by rewrite divr_gt0 // ltr0n.
have [r r0 fr] := fg (e / 2%:R / b) (divr_gt0 e2 b0).
have d0 : 0 < Num.min 1 (e / 2%:R / k) by rewrite lt_minr ltr01 divr_gt0.
have [q q0 cq] := cv _ d0.
exists (Num.min q (r / b)) => [|s]; first by rewrite lt_minr q0 divr_gt0.
rewrite le_minr => /andP[/cq sc sr].
set o := c (t + s) - c t - s *: v in sc.
pose h := c (t + s) - c t.
have hE : h = s *: v + o by rewrite /o addrC subrK.
have o1 : norm o <= `|s|.
  by apply: le_trans sc _; rewrite ler_pimull // le_minl lexx.
have o2 : norm g * norm o <= e / 2%:R * `|s|.
  have ok : norm o <= e / 2%:R / k * `|s|.
    by apply: le_trans sc _; rewrite ler_wpmul2r // le_minl lexx orbT.
  apply: le_trans (_ : k * (e / 2%:R / k * `|s|) <= _).
    by rewrite ler_pmul ?norm_ge0 // ler_addl ler01.
  by rewrite mulrA [k * _]mulrC divfK ?gt_eqF.
have hb : norm h <= b * `|s|.
  rewrite hE; apply: le_trans (normD _ _) _; rewrite normZ mulrDl mul1r mulrC.
  by rewrite ler_add2l.
have hr : norm h <= r.
  by apply: le_trans hb _; rewrite mulrC -ler_pdivl_mulr.
have cE : c (t + s) = c t + h by rewrite /h [RHS]addrC subrK.
rewrite cE; have -> : f (c t + h) - f (c t) - s * inner g v =
    (f (c t + h) - f (c t) - inner g h) + inner g o.
  by rewrite hE innerDr innerZr; ring.
apply: le_trans (ler_norm_add _ _) _; rewrite [e]splitr mulrDl; apply: ler_add.
  apply: le_trans (fr _ hr) _.
  apply: le_trans (_ : e / 2%:R / b * (b * `|s|) <= _).
    by rewrite ler_pmul2l // divr_gt0.
  by rewrite mulrA divfK ?gt_eqF.
by apply: le_trans (inner_le _ _) o2.
Qed.

Lemma derivative_unique phi t a b :
  has_derivative phi t a -> has_derivative phi t b -> a = b.
Proof.
have scalar c : has_derivative phi t c ->
    has_jacobian (fun y : 'cV_1 => (phi (y 0 0))%:M : 'cV_1) (t%:M) (c%:M).
  move=> H e /H[r r0 Hr]; exists r => // h; rewrite [h]mx11_scalar norm_scalar.
  move=> /Hr; rewrite -raddfD !mxE !mulr1n -scalar_mxM -!raddfB norm_scalar.
  by rewrite [c * _]mulrC.
move=> /scalar Ja /scalar Jb; have /matrixP/(_ 0 0) := jacobian_unique Ja Jb.
by rewrite !mxE.
Qed.

Lemma derivative_const (c : F) t : has_derivative (fun=> c) t 0.
Proof.
move=> e e0; exists 1 => // s _.
by rewrite subrr mulr0 subrr normr0 mulr_ge0 // ltW.
Qed.

End Derivative.
