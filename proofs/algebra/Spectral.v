(* The spectral theorem for symmetric matrices over a real closed field, and positive
   definite square roots. The eigenvalue comes from the algebraic closure R[i]. *)
From mathcomp Require Import all_ssreflect all_algebra all_field complex ring.
From NoiseEquilibrium.algebra Require Import Form.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section PositiveDefinite.
Variable F : realFieldType.

Definition positive_definite n (M : 'M[F]_n) : Prop :=
  symmetric M /\ forall v : 'cV_n, v != 0 -> 0 < inner v (M *m v).

Definition positive_semidefinite n (M : 'M[F]_n) : Prop :=
  symmetric M /\ forall v : 'cV_n, 0 <= inner v (M *m v).

Lemma posdef_ge0 n (M : 'M[F]_n) (v : 'cV_n) :
  positive_definite M -> 0 <= inner v (M *m v).
Proof.
move=> [_ Mv]; have [->|/Mv/ltW //] := eqVneq v 0.
by rewrite inner0l.
Qed.

Lemma posdef_semidefinite n (M : 'M[F]_n) :
  positive_definite M -> positive_semidefinite M.
Proof. by move=> pM; split=> [|v]; [exact: pM.1 | exact: posdef_ge0]. Qed.

Lemma posdef_eq0 n (M : 'M[F]_n) (v : 'cV_n) :
  positive_definite M -> inner v (M *m v) = 0 -> v = 0.
Proof.
move=> [_ Mv] v0; apply/eqP; case: (eqVneq v 0) => // /Mv.
by rewrite v0 ltxx.
Qed.

Lemma posdef_unit n (M : 'M[F]_n) : positive_definite M -> M \in unitmx.
Proof.
move=> pM; rewrite -unitmx_tr -row_free_unit -kermx_eq0; apply/eqP/row_matrixP => i.
rewrite row0; apply: trmx_inj; rewrite trmx0; apply: (posdef_eq0 pM).
have -> : M *m (row i (kermx M^T))^T = 0; last by rewrite inner0r.
by rewrite -[X in X *m _]trmxK -trmx_mul -row_mul mulmx_ker row0 trmx0.
Qed.

(* Tr XᵀMX ≥ 0, column by column; for M ≻ 0 it is 0 only for X = 0. *)
Lemma trace_form n p (M : 'M[F]_n) (X : 'M_(n, p)) :
  inner X (M *m X) = \sum_j inner (col j X) (M *m col j X).
Proof.
rewrite innerE exchange_big; apply: eq_bigr => j _; rewrite innerE.
apply: eq_bigr => i _; rewrite big_ord1 !mxE; congr (_ * _).
by apply: eq_bigr => k _; rewrite mxE.
Qed.

Lemma trace_form_ge0 n p (M : 'M[F]_n) (X : 'M_(n, p)) :
  positive_semidefinite M -> 0 <= inner X (M *m X).
Proof. by move=> pM; rewrite trace_form sumr_ge0 // => j _; apply: pM.2. Qed.

Lemma trace_form_eq0 n p (M : 'M[F]_n) (X : 'M_(n, p)) :
  positive_definite M -> inner X (M *m X) = 0 -> X = 0.
Proof.
move=> pM /eqP; rewrite trace_form psumr_eq0 => [/allP X0|j _]; last exact: posdef_ge0.
apply/matrixP => i j; have /eqP := X0 j (mem_index_enum j).
by move=> /(posdef_eq0 pM) /colP /(_ i); rewrite !mxE.
Qed.

(* M and KMKᵀ together, K invertible. *)
Lemma posdef_congruence n (M K : 'M[F]_n) :
  positive_definite M -> K \in unitmx -> positive_definite (K *m M *m K^T).
Proof.
move=> [symM Mv] uK; split; first by rewrite /symmetric !trmx_mul trmxK symM mulmxA.
move=> v v0; have -> : inner v (K *m M *m K^T *m v) = inner (K^T *m v) (M *m (K^T *m v)).
  by rewrite inner_mull trmxK !mulmxA.
apply: Mv; apply: contra_neq v0 => Kv.
by rewrite -[v](mulKmx (_ : K^T \in unitmx)) ?unitmx_tr // Kv mulmx0.
Qed.

Lemma posdef_inv n (M : 'M[F]_n) : positive_definite M -> positive_definite (invmx M).
Proof.
move=> pM; have uM := posdef_unit pM; have [symM _] := pM.
have := posdef_congruence pM (_ : invmx M \in unitmx).
by rewrite unitmx_inv trmx_inv symM mulVmx // mul1mx; apply.
Qed.

End PositiveDefinite.

Section SpectralTheorem.
Variable R : rcfType.
Local Notation C := (complex R).
Local Notation "x %:C" := (real_complex R x).

Definition orthogonal n (Q : 'M[R]_n) : Prop := Q *m Q^T = 1%:M.

Lemma orthogonal_tr n (Q : 'M[R]_n) : orthogonal Q -> Q^T *m Q = 1%:M.
Proof. exact: mulmx1C. Qed.

(* A symmetric matrix has a real eigenvector: the real or the imaginary part of one in
   the algebraic closure. *)
Lemma symmetric_eigenvector n (A : 'M[R]_n.+1) :
  symmetric A -> exists a, exists2 v : 'cV[R]_n.+1, v != 0 & A *m v = a *: v.
Proof.
move=> symA; have sA i j : A i j = A j i by rewrite -[in LHS]symA mxE.
pose B := map_mx (real_complex R) A.
have [z zroot] : exists z, root (char_poly B) z.
  by apply/closed_rootP; rewrite size_char_poly.
have /eigenvalueP [u uB u0] : eigenvalue B z by rewrite eigenvalue_root_char.
pose p : 'cV[R]_n.+1 := \col_i complex.Re (u 0 i).
pose q : 'cV[R]_n.+1 := \col_i complex.Im (u 0 i).
have entry k : \sum_j u 0 j * (A j k)%:C = z * u 0 k.
  have /rowP/(_ k) := uB; rewrite !mxE => <-.
  by apply: eq_bigr => j _; rewrite mxE.
have Ap : A *m p = complex.Re z *: p - complex.Im z *: q.
  apply/colP => k; rewrite !mxE; have /(congr1 (@complex.Re R)) := entry k.
  rewrite raddf_sum /=; case: (z) (u 0 k) => [a b] [c d] /= <-.
  apply: eq_bigr => j _; rewrite !mxE; case: (u 0 j) => [e f] /=.
  by rewrite (sA k j); ring.
have Aq : A *m q = complex.Re z *: q + complex.Im z *: p.
  apply/colP => k; rewrite !mxE; have /(congr1 (@complex.Im R)) := entry k.
  rewrite raddf_sum /=; case: (z) (u 0 k) => [a b] [c d] /= <-.
  apply: eq_bigr => j _; rewrite !mxE; case: (u 0 j) => [e f] /=.
  by rewrite (sA k j); ring.
have Imz : complex.Im z * (inner p p + inner q q) = 0.
  have := symmetric_inner p q symA; rewrite Ap Aq innerBr innerDr !innerZr (innerC q p).
  by move=> /eqP; rewrite -subr_eq0 => /eqP pq; rewrite -[RHS]pq; ring.
have pq0 : (p != 0) || (q != 0).
  rewrite -negb_and; apply: contra u0 => /andP[/eqP p0 /eqP q0]; apply/eqP/rowP => k.
  have /colP/(_ k) := p0; have /colP/(_ k) := q0; rewrite !mxE.
  by case: (u 0 k) => [a b] /= -> ->.
have Imz0 : complex.Im z = 0.
  move/eqP: Imz; rewrite mulf_eq0 => /orP[/eqP //|].
  rewrite paddr_eq0 ?inner_ge0 // => /andP[/eqP/inner_eq0 p0 /eqP/inner_eq0 q0].
  by move: pq0; rewrite p0 q0 eqxx.
exists (complex.Re z); case/orP: pq0 => [p0|q0]; [exists p => // | exists q => //].
  by rewrite Ap Imz0 scale0r subr0.
by rewrite Aq Imz0 scale0r addr0.
Qed.

(* The reflection that takes the unit vector e to the unit vector u. *)
Lemma reflection n (e u : 'cV[R]_n) : inner e e = 1 -> inner u u = 1 ->
  exists H : 'M[R]_n, [/\ symmetric H, H *m H = 1%:M & H *m e = u].
Proof.
move=> ee uu; have [->|ue] := eqVneq u e.
  by exists 1%:M; split; rewrite ?mulmx1 ?mul1mx // /symmetric trmx1.
pose w := u - e; have w0 : inner w w != 0.
  by apply: contra ue => /eqP/inner_eq0/eqP; rewrite subr_eq0.
have we : inner w w = - 2%:R * inner w e.
  by rewrite /w !(innerBl, innerBr) ee uu (innerC e u); ring.
pose k := 2%:R / inner w w; pose H := 1%:M - k *: (w *m w^T).
have Hv v : H *m v = v - (k * inner w v) *: w.
  by rewrite mulmxBl mul1mx -scalemxAl -mulmxA scalar_mx_inner mul_mx_scalar scalerA.
have symH : symmetric H.
  by rewrite /symmetric linearB linearZ /= trmx_mul trmxK trmx1.
have He : H *m e = u.
  have -> : H *m e = e + w; last by rewrite addrC subrK.
  rewrite Hv; congr (_ + _); rewrite -scaleNr -[RHS]scale1r; congr (_ *: _).
  rewrite /k -mulNr; have w0' := w0; rewrite we in w0' *.
  by field; move: w0'; rewrite mulf_eq0 negb_or => /andP[].
exists H; split=> //; apply/matrixP => i j.
suff HH (v : 'cV_n) : H *m (H *m v) = v.
  have /colP/(_ i) := HH (delta_mx j 0).
  by rewrite mulmxA -[H *m H *m _]colE !mxE eqxx andbT.
rewrite [H *m v]Hv Hv innerBr innerZr -addrA -opprD -scalerDl.
suff -> : k * inner w v + k * (inner w v - k * inner w v * inner w w) = 0.
  by rewrite scale0r subr0.
by rewrite /k; field.
Qed.

(* The spectral theorem: A = QᵀDQ with Q orthogonal and D diagonal. *)
Lemma spectral_theorem n (A : 'M[R]_n) : symmetric A ->
  exists Q : 'M[R]_n, exists2 mu : 'rV[R]_n,
    orthogonal Q & A = Q^T *m diag_mx mu *m Q.
Proof.
elim: n A => [|n IH] A symA.
  by exists 1%:M, 0; rewrite ?flatmx0 // /orthogonal [LHS]flatmx0 [RHS]flatmx0.
have [a [v v0 Av]] := symmetric_eigenvector symA.
pose e : 'cV[R]_(1 + n) := col_mx 1%:M 0.
pose u : 'cV[R]_(1 + n) := (Num.sqrt (inner v v))^-1 *: v.
have vv : 0 < inner v v := inner_gt0 v0.
have uu : inner u u = 1.
  rewrite /u innerZl innerZr mulrA -invfM -expr2 sqr_sqrtr ?ltW //.
  by rewrite mulVf // gt_eqF.
have Au : A *m u = a *: u by rewrite /u -scalemxAr Av scalerA mulrC -scalerA.
have ee : inner e e = 1.
  by rewrite /inner /e tr_col_mx mul_row_col trmx1 mulmx1 mulmx0 addr0 mxtrace1.
have [H [symH HH He]] := reflection ee uu.
pose B : 'M[R]_(1 + n) := H *m A *m H.
have symB : symmetric B by rewrite /symmetric /B !trmx_mul symH symA mulmxA.
have Be : B *m e = a *: e.
  by rewrite /B -mulmxA He -mulmxA Au -scalemxAr -He mulmxA HH mul1mx.
have [B11 B21] : ulsubmx B = a%:M /\ dlsubmx B = 0.
  move: Be; rewrite -{1}(submxK B) /e mul_block_col !mulmx1 !mulmx0 !addr0.
  by rewrite scale_col_mx scaler0 scalemx1 => /eq_col_mx.
have B12 : ursubmx B = 0 by rewrite -[B in LHS]symB -trmx_dlsub B21 trmx0.
have symB22 : symmetric (drsubmx B) by rewrite /symmetric trmx_drsub symB.
have [Q [mu QQ B22]] := IH _ symB22.
pose K : 'M[R]_(1 + n) := block_mx 1%:M 0 0 Q.
have KtE : K^T = block_mx 1%:M 0 0 Q^T by rewrite /K tr_block_mx !trmx0 trmx1.
have KK : K *m K^T = 1%:M.
  rewrite KtE /K mulmx_block !mulmx0 !mul0mx !mulmx1 !addr0 add0r QQ.
  by rewrite -scalar_mx_block.
have BK : B = K^T *m diag_mx (row_mx a%:M mu) *m K.
  rewrite -[LHS]submxK B11 B12 B21 B22 KtE /K diag_mx_row.
  rewrite !mulmx_block !(mulmx0, mul0mx, mulmx1, mul1mx, addr0, add0r).
  congr block_mx; apply/matrixP => i j; rewrite !ord1 !mxE eqxx.
  by rewrite !mulr1n.
exists (K *m H), (row_mx a%:M mu).
  by rewrite /orthogonal trmx_mul symH mulmxA -(mulmxA K) HH mulmx1 KK.
rewrite trmx_mul symH -!mulmxA (mulmxA (diag_mx _)) (mulmxA K^T) mulmxA.
by rewrite (mulmxA _ _ K) -BK /B !mulmxA HH mul1mx -mulmxA HH mulmx1.
Qed.

Lemma semidefinite_root n (M : 'M[R]_n) : positive_semidefinite M ->
  exists2 K : 'M[R]_n, positive_semidefinite K & K *m K = M.
Proof.
move=> [symM M0]; have [Q [mu QQ ME]] := spectral_theorem symM.
have mu0 i : 0 <= mu 0 i.
  pose v : 'cV[R]_n := Q^T *m delta_mx i 0.
  have <- : inner v (M *m v) = mu 0 i; last exact: M0.
  rewrite /v inner_mull trmxK ME !mulmxA QQ mul1mx -!mulmxA (mulmxA Q) QQ mul1mx.
  rewrite mul_diag_mx innerE (bigD1 i) //= big_ord1 big1 => [|j ji].
    by rewrite !mxE !eqxx mulr1 mul1r addr0.
  by rewrite big_ord1 !mxE (negPf ji) mul0r.
pose s := \row_i Num.sqrt (mu 0 i).
have ss : diag_mx s *m diag_mx s = diag_mx mu.
  rewrite mulmx_diag; congr diag_mx; apply/rowP => i.
  by rewrite !mxE -expr2 sqr_sqrtr.
exists (Q^T *m diag_mx s *m Q).
  split=> [|v]; first by rewrite /symmetric !trmx_mul trmxK tr_diag_mx mulmxA.
  rewrite -!mulmxA inner_mulr trmxK mul_diag_mx innerE sumr_ge0 // => i _.
  by rewrite big_ord1 !mxE mulrCA mulr_ge0 ?sqrtr_ge0 // -expr2 sqr_ge0.
by rewrite [RHS]ME -ss !mulmxA -[_ *m Q *m Q^T]mulmxA QQ mulmx1.
Qed.

(* A semidefinite form that vanishes at v annihilates v. *)
Lemma semidefinite_eq0 n p (M : 'M[R]_n) (X : 'M[R]_(n, p)) :
  positive_semidefinite M -> inner X (M *m X) = 0 -> M *m X = 0.
Proof.
move=> /semidefinite_root[K [symK _] <-].
rewrite -mulmxA inner_mulr symK => /inner_eq0 KX.
by rewrite KX mulmx0.
Qed.

(* A positive semidefinite matrix has one positive semidefinite square root. *)
Lemma sqrt_unique n (S T : 'M[R]_n) :
  positive_semidefinite S -> positive_semidefinite T -> S *m S = T *m T -> S = T.
Proof.
move=> pS pT ST; pose X := S - T.
have symX : symmetric X by rewrite /symmetric linearB /= pS.1 pT.1.
have SX : S *m X = - (X *m T) by rewrite /X mulmxBr mulmxBl ST opprB.
have XX : inner X (S *m X) = - inner X (T *m X).
  rewrite SX innerNr; congr (- _).
  by rewrite /inner symX mulmxA [LHS]mxtrace_mulC [RHS]mxtrace_mulC !mulmxA.
have S0 : inner X (S *m X) = 0.
  apply/eqP; rewrite eq_le trace_form_ge0 // andbT XX oppr_le0.
  exact: trace_form_ge0.
have T0 : inner X (T *m X) = 0 by apply/eqP; rewrite -oppr_eq0 -XX S0.
apply/eqP; rewrite -subr_eq0; apply/eqP/inner_eq0; rewrite -/X /inner symX.
have SX0 := semidefinite_eq0 pS S0; have TX0 := semidefinite_eq0 pT T0.
have -> : X *m X = 0; last by rewrite mxtrace0.
by rewrite {1}/X mulmxBl SX0 TX0 subrr.
Qed.

Lemma sqrt_exists n (M : 'M[R]_n) : positive_definite M ->
  exists2 K : 'M[R]_n, positive_definite K & K *m K = M.
Proof.
move=> pM; have [K pK KM] := semidefinite_root (posdef_semidefinite pM).
exists K => //; split=> [|v v0]; first exact: pK.1.
rewrite lt_neqAle pK.2 andbT eq_sym; apply: contra v0 => /eqP /(semidefinite_eq0 pK) Kv.
by rewrite -[v](mulKmx (posdef_unit pM)) -KM -mulmxA Kv !mulmx0.
Qed.

End SpectralTheorem.
