(* The thin singular value decomposition over a real closed field, and with it: C4's
   closed form exists whenever no hidden layer is narrower than the rank of V. *)
From mathcomp Require Import all_ssreflect all_algebra.
From NoiseEquilibrium.algebra Require Import Form Spectral Factorisation DeepLinear.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section SingularValues.
Variable R : rcfType.

Lemma thin_svd m n (X : 'M[R]_(m, n)) :
  exists d (L : 'M[R]_(m, d)) (s : 'rV[R]_d) (Rt : 'M[R]_(d, n)),
  [/\ L^T *m L = 1%:M, Rt *m Rt^T = 1%:M, forall i, 0 < s 0 i
    & X = L *m diag_mx s *m Rt].
Proof.
have symXX : symmetric (X^T *m X) by rewrite /symmetric trmx_mul trmxK.
have [Q [mu QQ XX]] := spectral_theorem symXX.
have norm2 i : inner (X *m (row i Q)^T) (X *m (row i Q)^T) = mu 0 i.
  have Qq : Q *m (row i Q)^T = delta_mx i 0.
    by rewrite tr_row colE mulmxA [Q *m Q^T]QQ mul1mx.
  rewrite inner_mull mulmxA XX -!mulmxA inner_mulr trmxK Qq mul_diag_mx.
  rewrite innerE (bigD1 i) //=.
  rewrite big_ord1 big1 => [|j ji]; last by rewrite big_ord1 !mxE (negPf ji) mul0r.
  by rewrite !mxE !eqxx mulr1 mul1r addr0.
have mu_ge0 i : 0 <= mu 0 i by rewrite -norm2 inner_ge0.
pose K := [pred i | 0 < mu 0 i]; pose d := #|K|.
pose f (k : 'I_d) : 'I_n := enum_val k.
pose s : 'rV[R]_d := \row_k Num.sqrt (mu 0 (f k)).
have f_gt0 k : 0 < mu 0 (f k) by have := enum_valP k.
have s_gt0 k : 0 < s 0 k by rewrite mxE sqrtr_gt0.
pose Rt : 'M[R]_(d, n) := \matrix_(k, j) Q (f k) j.
have rowRt k : row k Rt = row (f k) Q by apply/rowP => j; rewrite !mxE.
have QQ_entry i j : row i Q *m (row j Q)^T = (i == j)%:R%:M.
  have /matrixP/(_ i j) := QQ; rewrite [1%:M i j]mxE => <-.
  rewrite [LHS]mx11_scalar; congr _%:M; rewrite !mxE.
  by apply: eq_bigr => k _; rewrite !mxE.
have RR : Rt *m Rt^T = 1%:M.
  apply/matrixP => k l; have := QQ_entry (f k) (f l).
  rewrite -!rowRt => /matrixP/(_ 0 0); rewrite !mxE mulr1n.
  rewrite (inj_eq (@enum_val_inj _ _)) => <-.
  by apply: eq_bigr => j _; rewrite !mxE.
pose si : 'rV[R]_d := \row_k (s 0 k)^-1.
have sis : diag_mx si *m diag_mx s = 1%:M.
  rewrite mulmx_diag -diag_const_mx; congr diag_mx; apply/rowP => k.
  by rewrite [LHS]mxE [RHS]mxE [si _ _]mxE mulVf // gt_eqF.
have ssi : diag_mx s *m diag_mx si = 1%:M := mulmx1C sis.
have RXXR : Rt *m (X^T *m X) *m Rt^T = diag_mx s *m diag_mx s.
  have RQ : Rt *m Q^T = \matrix_(k, j) (f k == j)%:R.
    apply/matrixP => k j; have := QQ_entry (f k) j; rewrite -rowRt.
    move=> /matrixP/(_ 0 0); rewrite !mxE mulr1n => <-.
    by apply: eq_bigr => l _; rewrite !mxE.
  rewrite XX !mulmxA RQ -mulmxA -[Q *m Rt^T]trmxK trmx_mul trmxK RQ.
  rewrite mulmx_diag; apply/matrixP => k l; rewrite mul_mx_diag !mxE (bigD1 (f k)) //=.
  rewrite big1 => [|j jk]; last by rewrite !mxE eq_sym (negPf jk) !mul0r.
  rewrite !mxE eqxx mul1r addr0 (inj_eq (@enum_val_inj _ _)) eq_sym.
  rewrite -expr2 sqr_sqrtr ?mu_ge0 // mulr_natr.
  by case: eqP.
have XR : X = X *m Rt^T *m Rt.
  rewrite -[LHS]mulmx1 -(orthogonal_tr QQ) -mulmxA.
  have sumQ : Q^T *m Q = \sum_i (row i Q)^T *m row i Q.
    apply/matrixP => i j; rewrite summxE !mxE; apply: eq_bigr => k _.
    by rewrite !mxE big_ord1 !mxE.
  have sumR : Rt^T *m Rt = \sum_(i | K i) (row i Q)^T *m row i Q.
    rewrite [RHS](eq_bigl (fun i => i \in K)) // big_enum_val /=.
    apply/matrixP => i j; rewrite summxE !mxE; apply: eq_bigr => k _.
    by rewrite !mxE big_ord1 !mxE.
  rewrite sumQ sumR !mulmx_sumr (bigID K) /= addrC big1 ?add0r // => i.
  rewrite -leNgt => mui; rewrite mulmxA.
  have -> : X *m (row i Q)^T = 0; last by rewrite mul0mx.
  by apply: inner_eq0; rewrite norm2; apply/eqP; rewrite eq_le mui mu_ge0.
exists d, (X *m Rt^T *m diag_mx si), s, Rt; split=> //.
  rewrite !trmx_mul trmxK tr_diag_mx !mulmxA -(mulmxA _ X^T) -(mulmxA _ Rt (X^T *m X)).
  by rewrite -(mulmxA _ (Rt *m (X^T *m X))) RXXR !mulmxA sis mul1mx.
by rewrite -(mulmxA _ (diag_mx si)) sis mulmx1.
Qed.

(* The number of singular values is the rank. *)
Lemma svd_rank m n d (X : 'M[R]_(m, n)) (L : 'M[R]_(m, d)) (s : 'rV[R]_d)
    (Rt : 'M[R]_(d, n)) :
  L^T *m L = 1%:M -> Rt *m Rt^T = 1%:M -> (forall i, 0 < s 0 i) ->
  X = L *m diag_mx s *m Rt -> \rank X = d.
Proof.
move=> LL RR s0 ->.
have freeR : row_free Rt by apply/row_freeP; exists Rt^T.
have /mulmx1_unit[unitS _] : diag_mx s *m diag_mx (\row_i (s 0 i)^-1) = 1%:M.
  rewrite mulmx_diag -diag_const_mx; congr diag_mx; apply/rowP => i.
  by rewrite !mxE mulfV // gt_eqF.
rewrite mxrankMfree // mxrankMfree ?row_free_unit // -mxrank_tr.
by apply/eqP/row_freeP; exists L.
Qed.

Lemma positive_root n (c : R) : 0 < c -> exists2 x, 0 < x & x ^+ n.+1 = c.
Proof.
move=> c0; have c1 : 0 <= c + 1 by rewrite addr_ge0 ?ler01 // ltW.
have [|x /andP[x0 _]] := @poly_ivt _ ('X^n.+1 - c%:P) 0 (c + 1) c1.
  rewrite !hornerE !hornerXn expr0n /= sub0r oppr_le0 (ltW c0) /= subr_ge0.
  apply: le_trans (_ : c + 1 <= _); first by rewrite ler_addl ler01.
  have c1_gt0 : 0 < c + 1 by rewrite ltr_paddr ?ler01.
  by rewrite exprS ler_pmulr // exprn_ege1 // ler_addr ltW.
rewrite rootE !hornerE hornerXn subr_eq0 => /eqP xc; exists x => //.
rewrite lt_neqAle x0 andbT eq_sym; apply: contraTneq c0 => x00.
by rewrite -xc x00 expr0n /= ltxx.
Qed.

End SingularValues.

(* C4: for positive definite Σ_x and Σ_ε and V ≠ 0, a network of D = k + 2 layers whose
   hidden layers are no narrower than the rank of V has weights that multiply to V and
   satisfy every layer equation. *)
Section Existence.
Variables (R : rcfType) (width : nat -> nat) (k : nat).
Variables (V : 'M[R]_(width k.+2, width 0)).
Variables (Sigma_x : 'M[R]_(width 0)) (Sigma_eps : 'M[R]_(width k.+2)).

(* A family of layers from its first, middle and last members. *)
Lemma layers (first : 'M[R]_(width 1, width 0))
    (middle : forall i, 'M[R]_(width i.+1, width i))
    (last : 'M[R]_(width k.+2, width k.+1)) :
  exists W : forall i, 'M[R]_(width i.+1, width i),
  [/\ W 0%N = first, forall i, (0 < i <= k)%N -> W i = middle i & W k.+1 = last].
Proof.
pose W i : 'M[R]_(width i.+1, width i) :=
  match i with
  | 0 => first
  | j.+1 => match k =P j with
            | ReflectT e => ecast z ('M[R]_(width z.+2, width z.+1)) e last
            | ReflectF _ => middle j.+1
            end
  end.
exists W; split=> // [[|i] //= ik|] /=.
  by case: eqP => // e; exfalso; move: ik; rewrite e ltnn.
by case: eqP => // e; rewrite (eq_irrelevance e (erefl k)).
Qed.

Theorem C4_exists :
  positive_definite Sigma_x -> positive_definite Sigma_eps -> V != 0 ->
  (forall i, (0 < i < k.+2)%N -> (\rank V <= width i)%N) ->
  exists W : forall i, 'M[R]_(width i.+1, width i),
    path W 0 k.+2 = V /\
    forall j, (j <= k)%N ->
      \tr (Q_of W Sigma_eps j.+2) *: P_of W Sigma_x j.+1 =
      \tr (P_of W Sigma_x j) *: Q_of W Sigma_eps j.+1.
Proof.
move=> /sqrt_exists[Kx pKx <-] /sqrt_exists[Ke pKe <-] V0 wide.
have uKx := posdef_unit pKx; have uKe := posdef_unit pKe.
have [d [L [s [Rt [LL RR s0 svd]]]]] := thin_svd (Ke *m V *m Kx).
have rankV : \rank V = d.
  rewrite -(svd_rank LL RR s0 svd) mxrankMfree ?row_free_unit //.
  by rewrite -[in RHS]mxrank_tr trmx_mul mxrankMfree ?mxrank_tr // row_free_unit unitmx_tr.
have d0 : (0 < d)%N by rewrite -rankV lt0n mxrank_eq0.
have trS : 0 < \tr (diag_mx s).
  rewrite mxtrace_diag (bigD1 (Ordinal d0)) //= ltr_paddr ?s0 //.
  by rewrite sumr_ge0 // => i _; rewrite ltW.
have trX : 0 < \tr (Kx *m Kx).
  rewrite -[X in X *m _]pKx.1 inner_gt0 //; apply: contra V0 => /eqP K0.
  by rewrite -[V](mulmxK uKx) K0 mulmx0 mul0mx.
have trE : 0 < \tr (Ke *m Ke).
  rewrite -[X in X *m _]pKe.1 inner_gt0 //; apply: contra V0 => /eqP K0.
  by rewrite -[V](mulKmx uKe) K0 mul0mx mulmx0.
have [rho rho0 rhoD] := @positive_root _ k.+1 _
  (divr_gt0 (exprn_gt0 2 trS) (mulr_gt0 trE trX)).
pose U i : 'M[R]_(width i, d) := pid_mx d.
have UU i : (0 < i < k.+2)%N -> (U i)^T *m U i = 1%:M.
  move=> /wide; rewrite rankV => di.
  by rewrite /U tr_pid_mx mul_pid_mx minnn (minn_idPr di) pid_mx_1.
pose root a : 'M[R]_d := diag_mx (\row_i Num.sqrt (a * s 0 i)).
have [W [W1 W2 W3]] := layers
  (U 1%N *m root (\tr (Kx *m Kx) * rho / \tr (diag_mx s)) *m Rt *m invmx Kx)
  (fun i => Num.sqrt rho *: (U i.+1 *m (U i)^T) + 0)
  (invmx Ke *m L *m root (\tr (diag_mx s) / (\tr (Kx *m Kx) * rho ^+ k.+1)) *m (U k.+1)^T).
have Z0 i : (0 < i <= k)%N -> (U i.+1)^T *m (0 : 'M[R]_(width i.+1, width i)) = 0.
  by rewrite mulmx0.
have Z0' i : (0 < i <= k)%N -> (0 : 'M[R]_(width i.+1, width i)) *m U i = 0.
  by rewrite mul0mx.
exists W; split.
  exact: (C4_product uKx uKe s0 svd trS trX rho0 UU Z0' W1 W2 W3).
move=> j jk.
exact: (C4_layer_equations pKx.1 pKe.1 uKx uKe LL RR s0 trS trX trE rho0 rhoD UU Z0 Z0' W1 W2 W3).
Qed.

End Existence.
