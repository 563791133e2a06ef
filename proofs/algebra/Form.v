(* The vocabulary of the algebraic proofs. Parameters and gradients are column
   vectors; [inner] is the Euclidean inner product, for matrices the one of
   Frobenius. Averages over samples are weighted finite sums. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory.
Local Open Scope ring_scope.

Section Form.
Variable R : comRingType.

(* ⟨X, Y⟩ = Tr(XᵀY); for column vectors X·Y. *)
Definition inner m n (X Y : 'M[R]_(m, n)) : R := \tr (X^T *m Y).

Definition symmetric n (A : 'M[R]_n) : Prop := A^T = A.

(* The Noether charge C(θ) = θᵀAθ. *)
Definition charge d (A : 'M[R]_d) (theta : 'cV[R]_d) : R :=
  inner theta (A *m theta).

Section Inner.
Variables m n : nat.
Implicit Types (X Y Z : 'M[R]_(m, n)) (a : R).

Lemma innerC X Y : inner X Y = inner Y X.
Proof. by rewrite /inner -mxtrace_tr trmx_mul trmxK. Qed.

Lemma innerDr X Y Z : inner X (Y + Z) = inner X Y + inner X Z.
Proof. by rewrite /inner mulmxDr raddfD. Qed.

Lemma innerDl X Y Z : inner (X + Y) Z = inner X Z + inner Y Z.
Proof. by rewrite innerC innerDr !(innerC Z). Qed.

Lemma innerZr a X Y : inner X (a *: Y) = a * inner X Y.
Proof. by rewrite /inner -scalemxAr linearZ. Qed.

Lemma innerZl a X Y : inner (a *: X) Y = a * inner X Y.
Proof. by rewrite innerC innerZr innerC. Qed.

Lemma innerNr X Y : inner X (- Y) = - inner X Y.
Proof. by rewrite /inner mulmxN raddfN. Qed.

Lemma innerNl X Y : inner (- X) Y = - inner X Y.
Proof. by rewrite innerC innerNr innerC. Qed.

Lemma innerBr X Y Z : inner X (Y - Z) = inner X Y - inner X Z.
Proof. by rewrite innerDr innerNr. Qed.

Lemma innerBl X Y Z : inner (X - Y) Z = inner X Z - inner Y Z.
Proof. by rewrite innerDl innerNl. Qed.

Lemma inner0r X : inner X 0 = 0.
Proof. by rewrite /inner mulmx0 raddf0. Qed.

Lemma inner0l X : inner 0 X = 0.
Proof. by rewrite innerC inner0r. Qed.

Lemma inner_sumr (I : Type) (r : seq I) (P : pred I) X (F : I -> 'M_(m, n)) :
  inner X (\sum_(i <- r | P i) F i) = \sum_(i <- r | P i) inner X (F i).
Proof. by rewrite /inner mulmx_sumr raddf_sum. Qed.

Lemma inner_suml (I : Type) (r : seq I) (P : pred I) X (F : I -> 'M_(m, n)) :
  inner (\sum_(i <- r | P i) F i) X = \sum_(i <- r | P i) inner (F i) X.
Proof. by rewrite innerC inner_sumr; apply: eq_bigr => i _; rewrite innerC. Qed.

Lemma innerE X Y : inner X Y = \sum_i \sum_j X i j * Y i j.
Proof.
rewrite /inner /mxtrace exchange_big /=; apply: eq_bigr => j _.
by rewrite mxE; apply: eq_bigr => i _; rewrite mxE.
Qed.

End Inner.

Lemma inner_mull m n p (X : 'M[R]_(m, n)) (Y : 'M[R]_(n, p)) (Z : 'M[R]_(m, p)) :
  inner (X *m Y) Z = inner Y (X^T *m Z).
Proof. by rewrite /inner trmx_mul mulmxA. Qed.

Lemma inner_mulr m n p (X : 'M[R]_(m, n)) (Y : 'M[R]_(n, p)) (Z : 'M[R]_(m, p)) :
  inner Z (X *m Y) = inner (X^T *m Z) Y.
Proof. by rewrite innerC inner_mull innerC. Qed.

Lemma inner_outer m n (u : 'cV[R]_m) (v : 'cV[R]_n) (X : 'M[R]_(m, n)) :
  inner (u *m v^T) X = inner u (X *m v).
Proof. by rewrite /inner trmx_mul trmxK -mulmxA mxtrace_mulC mulmxA. Qed.

Lemma symmetric_inner d (A : 'M[R]_d) (u v : 'cV[R]_d) :
  symmetric A -> inner u (A *m v) = inner v (A *m u).
Proof. by move=> symA; rewrite innerC inner_mull symA. Qed.

(* A coordinate, and an entry of a matrix. *)
Lemma inner_delta d (v : 'cV[R]_d) i : inner (delta_mx i 0) v = v i 0.
Proof.
rewrite innerE (bigD1 i) //= big_ord1 big1 ?addr0 => [|j ji].
  by rewrite !mxE !eqxx mul1r.
by rewrite big_ord1 !mxE (negPf ji) mul0r.
Qed.

Lemma inner_delta_mx d (A : 'M[R]_d) i j :
  inner (delta_mx i 0 : 'cV_d) (A *m delta_mx j 0) = A i j.
Proof. by rewrite inner_delta -colE mxE. Qed.

Lemma scalar_mx_inner d (u v : 'cV[R]_d) : u^T *m v = (inner u v)%:M.
Proof. by rewrite /inner [u^T *m v]mx11_scalar mxtrace_scalar mulr1n. Qed.

(* Averages over samples n, each with a weight. *)
Section Mean.
Variables (I : finType) (w : I -> R).

Definition mean m n (f : I -> 'M[R]_(m, n)) : 'M[R]_(m, n) := \sum_i w i *: f i.

Definition scalar_mean (f : I -> R) : R := \sum_i w i * f i.

(* Σ = E[gnᵀg] − ḡḡᵀ, with E[g] = ḡ. *)
Definition covariance d (g : I -> 'cV[R]_d) : 'M[R]_d :=
  mean (fun i => g i *m (g i)^T) - mean g *m (mean g)^T.

Lemma eq_mean m n (f f' : I -> 'M[R]_(m, n)) : f =1 f' -> mean f = mean f'.
Proof. by move=> ff; apply: eq_bigr => i _; rewrite ff. Qed.

Lemma mean_mull m n p (X : 'M[R]_(m, n)) (f : I -> 'M[R]_(n, p)) :
  mean (fun i => X *m f i) = X *m mean f.
Proof. by rewrite /mean mulmx_sumr; apply: eq_bigr => i _; rewrite scalemxAr. Qed.

Lemma mean_mulr m n p (X : 'M[R]_(n, p)) (f : I -> 'M[R]_(m, n)) :
  mean (fun i => f i *m X) = mean f *m X.
Proof. by rewrite /mean mulmx_suml; apply: eq_bigr => i _; rewrite scalemxAl. Qed.

Lemma mean_tr m n (f : I -> 'M[R]_(m, n)) : mean (fun i => (f i)^T) = (mean f)^T.
Proof. by rewrite /mean raddf_sum /=; apply: eq_bigr => i _; rewrite linearZ. Qed.

Lemma mean_trace n (f : I -> 'M[R]_n) : \tr (mean f) = scalar_mean (fun i => \tr (f i)).
Proof. by rewrite /mean raddf_sum /=; apply: eq_bigr => i _; rewrite linearZ. Qed.

Lemma inner_mean m n X (f : I -> 'M[R]_(m, n)) :
  inner X (mean f) = scalar_mean (fun i => inner X (f i)).
Proof. by rewrite inner_sumr; apply: eq_bigr => i _; rewrite innerZr. Qed.

Lemma covariance_sym d (g : I -> 'cV[R]_d) : symmetric (covariance g).
Proof.
rewrite /symmetric /covariance linearB /= trmx_mul trmxK -mean_tr; congr (_ - _).
by apply: eq_mean => i; rewrite trmx_mul trmxK.
Qed.

(* Tr[ΣA] is the mean of gᵀAg less that of the mean gradient. *)
Lemma trace_covariance d (A : 'M[R]_d) (g : I -> 'cV[R]_d) :
  \tr (covariance g *m A) = scalar_mean (fun i => charge A (g i)) - charge A (mean g).
Proof.
have outer (u : 'cV[R]_d) : \tr (u *m u^T *m A) = charge A u.
  by rewrite -mulmxA mxtrace_mulC /charge /inner mulmxA.
rewrite /covariance mulmxBl raddfB /= outer -mean_mulr mean_trace.
by congr (_ - _); apply: eq_bigr => i _; rewrite outer.
Qed.

End Mean.
End Form.

(* Over an ordered field a sum of squares vanishes only with its terms. *)
Section Ordered.
Variable F : realFieldType.
Import Order.TTheory Num.Theory.

Lemma inner_ge0 m n (X : 'M[F]_(m, n)) : 0 <= inner X X.
Proof.
by rewrite innerE; do 2![apply: sumr_ge0 => ? _]; rewrite -expr2 sqr_ge0.
Qed.

Lemma inner_eq0 m n (X : 'M[F]_(m, n)) : inner X X = 0 -> X = 0.
Proof.
rewrite innerE => /eqP.
rewrite psumr_eq0 => [|i _]; last by apply: sumr_ge0 => j _; rewrite -expr2 sqr_ge0.
move=> /allP X0; apply/matrixP => i j; rewrite mxE.
have := X0 i (mem_index_enum i).
rewrite psumr_eq0 => [|k _]; last by rewrite -expr2 sqr_ge0.
by move=> /allP /(_ j (mem_index_enum j)); rewrite /= mulf_eq0 orbb => /eqP.
Qed.

Lemma inner_gt0 m n (X : 'M[F]_(m, n)) : X != 0 -> 0 < inner X X.
Proof.
move=> X0; rewrite lt_neqAle inner_ge0 andbT eq_sym.
by apply: contra X0 => /eqP /inner_eq0 /eqP.
Qed.

End Ordered.
