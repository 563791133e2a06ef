(* C4: deep linear networks. What the layer equations are, and that the closed form
   satisfies them and multiplies to V. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative LayerPair Factorisation.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

(* Layer i + 1 is W i, from width i to width i + 1. *)
Section Layers.
Variables (F : comRingType) (width : nat -> nat).
Variable W : forall i, 'M[F]_(width i.+1, width i).

(* W_j … W_{i+1}, the map from the hidden layer i to the hidden layer j. *)
Fixpoint path i j : 'M[F]_(width j, width i) :=
  match j with
  | 0 => pid_mx (width 0)
  | j'.+1 => if (i <= j')%N then W j' *m path i j' else pid_mx (width j'.+1)
  end.

Lemma path_id i : path i i = 1%:M.
Proof. by case: i => [|i] /=; rewrite ?ltnn pid_mx_1. Qed.

Lemma path_last i j : (i <= j)%N -> path i j.+1 = W j *m path i j.
Proof. by move=> ij /=; rewrite ij. Qed.

Lemma path_first i j : (i < j)%N -> path i j = path i.+1 j *m W i.
Proof.
elim: j => // j IH; rewrite ltnS leq_eqVlt => /orP[/eqP <-|ij].
  by rewrite path_last // !path_id mulmx1 mul1mx.
by rewrite (path_last (ltnW ij)) (IH ij) (path_last ij) mulmxA.
Qed.

Variables (D : nat) (Sigma_x : 'M[F]_(width 0)) (Sigma_eps : 'M[F]_(width D)).

(* P_i = E[h_ih_iᵀ] with h_i = W_i … W_1x; Q_i = B_iᵀΣ_εB_i with B_i = W_D … W_{i+1}. *)
Definition P_of i : 'M[F]_(width i) := path 0 i *m Sigma_x *m (path 0 i)^T.
Definition Q_of i : 'M[F]_(width i) := (path i D)^T *m Sigma_eps *m path i D.

Lemma P_first : P_of 0 = Sigma_x.
Proof. by rewrite /P_of path_id mul1mx trmx1 mulmx1. Qed.

Lemma Q_last : Q_of D = Sigma_eps.
Proof. by rewrite /Q_of path_id mulmx1 trmx1 mul1mx. Qed.

Lemma P_next i : P_of i.+1 = W i *m P_of i *m (W i)^T.
Proof. by rewrite /P_of path_last // trmx_mul !mulmxA. Qed.

Lemma Q_previous i : (i < D)%N -> Q_of i = (W i)^T *m Q_of i.+1 *m W i.
Proof. by move=> iD; rewrite /Q_of (path_first iD) trmx_mul !mulmxA. Qed.

End Layers.

(* At a global minimum hidden layer i is balanced if and only if q_{i+1}P_i = p_{i−1}Q_i. *)
Section Balance.
Variables (F : realFieldType) (width : nat -> nat) (D : nat) (I J : finType).
Variable W : forall i, 'M[F]_(width i.+1, width i).
Variables (p : I -> F) (q : J -> F).
Variables (x : I -> 'cV[F]_(width 0)) (eps : J -> 'cV[F]_(width D)).
Hypothesis p1 : \sum_i p i = 1.
Hypothesis q1 : \sum_j q j = 1.
Hypothesis eps0 : mean q eps = 0.

Local Notation P := (P_of W (Sigma_x p x)).
Local Notation Q := (Q_of W (Sigma_eps q eps)).

(* The gradient of ‖Bf − y‖² in f, the value of a hidden layer, is 2Bᵀ(Bf − y). *)
Lemma hidden_gradient n m (B : 'M[F]_(m, n)) (y : 'cV_m) (f : 'cV_n) :
  has_gradient (fun f' => inner (B *m f' - y) (B *m f' - y)) f
    (B^T *m (2%:R *: (B *m f - y))).
Proof.
pose k := norm_mx B * norm_mx B + 1.
have BB := mulr_ge0 (norm_mx_ge0 B) (norm_mx_ge0 B).
have k0 : 0 < k by rewrite ltr_paddl ?ltr01.
move=> e e0; exists (e / k) => [|h hr]; first exact: divr_gt0.
have -> : inner (B *m (f + h) - y) (B *m (f + h) - y)
    - inner (B *m f - y) (B *m f - y) - inner (B^T *m (2%:R *: (B *m f - y))) h =
    inner (B *m h) (B *m h).
  rewrite inner_mull trmxK mulmxDr.
  have -> : B *m f + B *m h - y = B *m f - y + B *m h by rewrite addrAC.
  move: (B *m f - y) (B *m h) => z u.
  rewrite innerZl !(innerDl, innerDr) (innerC u z).
  by move: (inner z z) (inner z u) (inner u u) => a b c; ring.
apply: le_trans (inner_le _ _) _.
apply: le_trans (ler_pmul (norm_ge0 _) (norm_ge0 _) (norm_mul B h) (norm_mul B h)) _.
rewrite mulrACA mulrA ler_wpmul2r ?norm_ge0 //.
apply: le_trans (_ : k * norm h <= _).
  by rewrite ler_wpmul2r ?norm_ge0 // ler_addl ler01.
by rewrite mulrC -ler_pdivl_mulr.
Qed.

(* So with f − y = −ε the layers i + 1 and i + 2, which hidden layer i + 1 joins, have the
   input h_i and the gradient g = −2B_{i+2}ᵀε. *)
Theorem C4_layer_balance i sigmasq : (i.+1 < D)%N -> sigmasq != 0 ->
  (forall S, symmetric S ->
     balance (joint p q) (fun s => path W 0 i *m x s.1)
       (fun s => - 2%:R *: ((path W i.+2 D)^T *m eps s.2)) 0 sigmasq (W i.+1) (W i) S = 0)
  <-> \tr (Q i.+2) *: P i.+1 = \tr (P i) *: Q i.+1.
Proof.
move=> iD s0.
have eps0' : mean q (fun j => (path W i.+2 D)^T *m eps j) = 0.
  by rewrite mean_mull eps0 mulmx0.
apply: iff_trans (C3_balance p (fun i' => path W 0 i *m x i') eps0' (W i.+1) (W i) s0) _.
have -> : Sigma_x p (fun i' => path W 0 i *m x i') = P i.
  rewrite /P_of /Sigma_x -mean_mull -mean_mulr; apply: eq_mean => k.
  by rewrite trmx_mul !mulmxA.
have -> : Sigma_eps q (fun j => (path W i.+2 D)^T *m eps j) = Q i.+2.
  rewrite /Q_of /Sigma_eps -mean_mull -mean_mulr; apply: eq_mean => k.
  by rewrite trmx_mul trmxK !mulmxA.
by rewrite P_next (Q_previous W (Sigma_eps q eps) iD).
Qed.

End Balance.

(* The closed form. D = k + 2. *)
Section ClosedForm.
Variables (R : rcfType) (width : nat -> nat) (k d : nat).
Let D := k.+2.
Variable W : forall i, 'M[R]_(width i.+1, width i).
Variables (V : 'M[R]_(width D, width 0)).

(* The square roots of Σ_x and Σ_ε. *)
Variables (Kx : 'M[R]_(width 0)) (Ke : 'M[R]_(width D)).
Hypotheses (symKx : symmetric Kx) (symKe : symmetric Ke).
Hypotheses (uKx : Kx \in unitmx) (uKe : Ke \in unitmx).
Let Sigma_x := Kx *m Kx.
Let Sigma_eps := Ke *m Ke.

(* Σ_ε^{1/2} V Σ_x^{1/2} = L S R, a thin singular value decomposition. *)
Variables (L : 'M[R]_(width D, d)) (s : 'rV[R]_d) (Rt : 'M[R]_(d, width 0)).
Hypotheses (LL : L^T *m L = 1%:M) (RR : Rt *m Rt^T = 1%:M).
Hypothesis s_gt0 : forall i, 0 < s 0 i.
Let S := diag_mx s.
Hypothesis svd : Ke *m V *m Kx = L *m S *m Rt.

Let tr_S := \tr S.
Let tr_x := \tr Sigma_x.
Let tr_e := \tr Sigma_eps.
Hypotheses (tr_S_gt0 : 0 < tr_S) (tr_x_gt0 : 0 < tr_x) (tr_e_gt0 : 0 < tr_e).
Variable rho : R.
Hypotheses (rho_gt0 : 0 < rho) (rhoD : rho ^+ D = tr_S ^+ 2 / (tr_e * tr_x)).

(* Matrices with d orthonormal columns, one for each hidden layer, and what may be added
   to the middle layers. *)
Variable U : forall i, 'M[R]_(width i, d).
Hypothesis UU : forall i, (0 < i < D)%N -> (U i)^T *m U i = 1%:M.
Variable Z : forall i, 'M[R]_(width i.+1, width i).
Hypothesis UZ : forall i, (0 < i <= k)%N -> (U i.+1)^T *m Z i = 0.
Hypothesis ZU : forall i, (0 < i <= k)%N -> Z i *m U i = 0.

Let root (a : R) : 'M[R]_d := diag_mx (\row_i Num.sqrt (a * s 0 i)).

Hypothesis W_first :
  W 0 = U 1 *m root (tr_x * rho / tr_S) *m Rt *m invmx Kx.
Hypothesis W_middle : forall i, (0 < i <= k)%N ->
  W i = Num.sqrt rho *: (U i.+1 *m (U i)^T) + Z i.
Hypothesis W_last :
  W k.+1 = invmx Ke *m L *m root (tr_S / (tr_x * rho ^+ k.+1)) *m (U k.+1)^T.

Lemma root_square a : 0 <= a -> root a *m root a = a *: S.
Proof.
move=> a0; rewrite /root mulmx_diag /S -linearZ /=; congr diag_mx; apply/rowP => i.
by rewrite !mxE -expr2 sqr_sqrtr // mulr_ge0 // ltW.
Qed.

Lemma root_tr a : (root a)^T = root a.
Proof. exact: tr_diag_mx. Qed.

Let a := tr_x * rho / tr_S.
Let b := tr_S / (tr_x * rho ^+ k.+1).
Let input := root a *m Rt *m invmx Kx.
Let output := invmx Ke *m L *m root b.

Lemma a_ge0 : 0 <= a.
Proof. by rewrite ltW // divr_gt0 // mulr_gt0. Qed.

Lemma b_ge0 : 0 <= b.
Proof. by rewrite ltW // divr_gt0 // mulr_gt0 // exprn_gt0. Qed.

Lemma input_square : input *m Sigma_x *m input^T = a *: S.
Proof.
rewrite /input !trmx_mul root_tr trmx_inv symKx /Sigma_x !mulmxA mulmxKV //.
rewrite mulmxK // -(mulmxA _ Rt) RR mulmx1 root_square //; exact: a_ge0.
Qed.

Lemma output_square : output^T *m Sigma_eps *m output = b *: S.
Proof.
rewrite /output !trmx_mul root_tr trmx_inv symKe /Sigma_eps !mulmxA mulmxKV //.
rewrite mulmxK // -(mulmxA _ L^T) LL mulmx1 root_square //; exact: b_ge0.
Qed.

Lemma hidden_path i : (i <= k)%N ->
  path W 0 i.+1 = Num.sqrt rho ^+ i *: (U i.+1 *m input).
Proof.
elim: i => [_|i IH ik].
  by rewrite path_last // path_id mulmx1 W_first /input expr0 scale1r !mulmxA.
rewrite path_last // IH ?(ltnW ik) // W_middle ?ik // -scalemxAr mulmxDl.
rewrite [Z _ *m _]mulmxA ZU ?ik // mul0mx addr0 -scalemxAl scalerA -exprSr.
congr (_ *: _); rewrite -mulmxA (mulmxA (U i.+1)^T) UU ?mul1mx //.
by rewrite /D /= !ltnS ltnW.
Qed.

Lemma output_path j i : (0 < i)%N -> (i + j = k.+1)%N ->
  path W i D = Num.sqrt rho ^+ j *: (output *m (U i)^T).
Proof.
elim: j i => [|j IH] i i0.
  rewrite addn0 => ->; rewrite path_last // path_id mulmx1 W_last.
  by rewrite expr0 scale1r.
rewrite addnS => /eqP; rewrite eqSS => /eqP ij.
have ik : (0 < i <= k)%N by rewrite i0 -ij leq_addr.
have iD : (i < D)%N by rewrite /D ltnS leqW //; case/andP: ik.
rewrite path_first // (IH i.+1) ?addSn ?ij // W_middle // -scalemxAl mulmxDr.
rewrite -(mulmxA output _ (Z i)) UZ // mulmx0 addr0 -scalemxAr scalerA -exprSr.
congr (_ *: _); rewrite mulmxA -(mulmxA output) UU ?mulmx1 //.
by rewrite /D !ltnS; case/andP: ik.
Qed.

Lemma sqrt_rho j : Num.sqrt rho ^+ j * Num.sqrt rho ^+ j = rho ^+ j.
Proof. by rewrite -exprMn -expr2 sqr_sqrtr // ltW. Qed.

(* P_i = (xρ^i/s) U_iSU_iᵀ *)
Lemma P_hidden i : (0 < i < D)%N ->
  P_of W Sigma_x i = (tr_x * rho ^+ i / tr_S) *: (U i *m S *m (U i)^T).
Proof.
case: i => // i /= iD; rewrite /P_of hidden_path; last by rewrite /D !ltnS in iD.
rewrite linearZ /= -scalemxAr -!scalemxAl scalerA sqrt_rho trmx_mul.
have -> : U i.+1 *m input *m Sigma_x *m (input^T *m (U i.+1)^T) =
    U i.+1 *m (input *m Sigma_x *m input^T) *m (U i.+1)^T by rewrite !mulmxA.
rewrite input_square -scalemxAr -scalemxAl scalerA.
by congr (_ *: _); rewrite /a exprS; ring.
Qed.

(* Q_i = (s/(xρ^i)) U_iSU_iᵀ *)
Lemma Q_hidden i : (0 < i < D)%N ->
  Q_of W Sigma_eps i = (tr_S / (tr_x * rho ^+ i)) *: (U i *m S *m (U i)^T).
Proof.
case/andP=> i0 iD; have ik : (i <= k.+1)%N by rewrite /D ltnS in iD.
rewrite /Q_of (@output_path (k.+1 - i) i i0) ?subnKC //.
rewrite [(_ *: _)^T]linearZ /= -!scalemxAl -scalemxAr scalerA sqrt_rho trmx_mul trmxK.
have -> : U i *m output^T *m Sigma_eps *m (output *m (U i)^T) =
    U i *m (output^T *m Sigma_eps *m output) *m (U i)^T by rewrite !mulmxA.
rewrite output_square -scalemxAr -scalemxAl scalerA; congr (_ *: _).
rewrite /b -[in X in _ / X](subnK ik) exprD; field.
by rewrite !expf_neq0 ?gt_eqF // tr_x_gt0.
Qed.

Lemma tr_hidden i : (0 < i < D)%N -> \tr (U i *m S *m (U i)^T) = tr_S.
Proof. by move=> iD; rewrite mxtrace_mulC mulmxA UU // mul1mx. Qed.

Lemma tr_P i : (i < D)%N -> \tr (P_of W Sigma_x i) = tr_x * rho ^+ i.
Proof.
case: i => [_|i iD]; first by rewrite P_first expr0 mulr1.
by rewrite P_hidden // linearZ /= tr_hidden // divfK // gt_eqF.
Qed.

Lemma tr_Q i : (0 < i <= D)%N -> \tr (Q_of W Sigma_eps i) = tr_S ^+ 2 / (tr_x * rho ^+ i).
Proof.
case/andP=> i0; rewrite leq_eqVlt => /orP[/eqP ->|iD].
  rewrite Q_last rhoD; field.
  by rewrite !gt_eqF.
rewrite Q_hidden ?i0 // linearZ /= tr_hidden ?i0 //; field.
by rewrite expf_neq0 ?gt_eqF.
Qed.

(* The layer equations q_{i+1}P_i = p_{i−1}Q_i of every hidden layer i = j + 1. *)
Theorem C4_layer_equations j : (j <= k)%N ->
  \tr (Q_of W Sigma_eps j.+2) *: P_of W Sigma_x j.+1 =
  \tr (P_of W Sigma_x j) *: Q_of W Sigma_eps j.+1.
Proof.
move=> jk; have jD : (j.+1 < D)%N by rewrite /D !ltnS.
rewrite tr_Q ?jD // tr_P ?(ltnW jD) // P_hidden // Q_hidden // !scalerA.
congr (_ *: _); rewrite !exprS; field.
by rewrite !expf_neq0 ?gt_eqF.
Qed.

(* The layers multiply to V. *)
Theorem C4_product : path W 0 D = V.
Proof.
have -> : path W 0 D = W k.+1 *m path W 0 k.+1 by rewrite path_last.
rewrite W_last hidden_path // -/b -scalemxAr mulmxA -/output.
rewrite -(mulmxA output) UU ?mulmx1; last by rewrite /D /= ltnSn.
have scale : Num.sqrt rho ^+ k *: (root b *m root a) = S.
  rewrite /root mulmx_diag /S -linearZ /=; congr diag_mx; apply/rowP => i.
  have si := ltW (s_gt0 i).
  have as0 := mulr_ge0 a_ge0 si; have bs0 := mulr_ge0 b_ge0 si.
  rewrite !mxE; apply/eqP; rewrite -(@eqr_expn2 _ 2) //; last first.
    by rewrite !mulr_ge0 ?exprn_ge0 ?sqrtr_ge0.
  rewrite !exprMn -exprM mulnC exprM !sqr_sqrtr ?(ltW rho_gt0) //.
  have cancel (y v z u t : R) : [&& y != 0, v != 0, z != 0 & u != 0] ->
      z * (u / (y * (v * z)) * t * (y * v / u * t)) = t ^+ 2.
    by move=> /and4P[y0 v0 z0 u0]; field; rewrite ?y0 ?v0 ?z0 ?u0.
  apply/eqP; rewrite /a /b (exprS rho); apply: cancel.
  by rewrite !gt_eqF // exprn_gt0.
have -> : Num.sqrt rho ^+ k *: (output *m input) = invmx Ke *m (L *m S *m Rt) *m invmx Kx.
  by rewrite -scale -scalemxAr -scalemxAl -scalemxAr -scalemxAl /output /input !mulmxA.
by rewrite -svd !mulmxA mulVmx // mul1mx mulmxK.
Qed.

End ClosedForm.
