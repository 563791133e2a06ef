(* T5: the exact law of the charge under one step of SGD, and its mean over all batches,
   drawn with and without replacement. D1 enters only through T1, ∇ℓᵀAθ = 0 for every
   sample (Symmetry.v). *)
From mathcomp Require Import all_ssreflect all_fingroup all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Step.
Variables (R : comRingType) (d : nat) (A : 'M[R]_d) (eta gamma : R).
Hypothesis symA : symmetric A.

(* θ' = θ − η(g + 2γθ) *)
Definition step (theta g : 'cV[R]_d) : 'cV[R]_d :=
  theta - eta *: (g + (2%:R * gamma) *: theta).

(* The cross term that the symmetry removes. *)
Lemma charge_step (theta g : 'cV[R]_d) :
  charge A (step theta g) = (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta
    + eta ^+ 2 * charge A g
    - 2%:R * eta * (1 - 2%:R * eta * gamma) * inner g (A *m theta).
Proof.
have -> : step theta g = (1 - 2%:R * eta * gamma) *: theta - eta *: g.
  apply/colP => i; rewrite /step !mxE; move: (theta i _) (g i _) => t u; ring.
rewrite /charge mulmxBr -!scalemxAr innerBl !innerBr !innerZl !innerZr.
rewrite (symmetric_inner theta g symA); ring.
Qed.

Theorem T5_discrete_law (theta g : 'cV[R]_d) :
  inner g (A *m theta) = 0 ->
  charge A (step theta g) =
    (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta + eta ^+ 2 * charge A g.
Proof. by move=> T1; rewrite charge_step T1 mulr0 subr0. Qed.

(* g may be any linear combination of the samples' gradients. *)
Theorem T5_discrete_law_combination (theta : 'cV[R]_d) (I : finType)
    (G : I -> 'cV[R]_d) (a : I -> R) :
  (forall i, inner (G i) (A *m theta) = 0) ->
  charge A (step theta (\sum_i a i *: G i)) =
    (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta
      + eta ^+ 2 * charge A (\sum_i a i *: G i).
Proof.
move=> T1; apply: T5_discrete_law.
by rewrite inner_suml big1 // => i _; rewrite innerZl T1 mulr0.
Qed.

End Step.

(* The mean of q(b_k, b_l) over batches b, for two places k and l of the batch. *)
Section Pairs.
Variables (F : numFieldType) (N B : nat).
Implicit Types (q : 'I_N -> 'I_N -> F) (b : {ffun 'I_B -> 'I_N}) (i j : 'I_N).
Implicit Types (k l : 'I_B) (P : pred {ffun 'I_B -> 'I_N}).

(* How many batches have sample i at place k and sample j at place l. *)
Definition occurrences P k l i j : F :=
  \sum_(b | P b) ((b k == i) && (b l == j))%:R.

Lemma pair_sum P q k l :
  \sum_(b | P b) q (b k) (b l) = \sum_i \sum_j q i j * occurrences P k l i j.
Proof.
under [RHS]eq_bigr do under eq_bigr do rewrite mulr_sumr.
under [RHS]eq_bigr do rewrite exchange_big /=.
rewrite [RHS]exchange_big /=; apply: eq_bigr => b _.
rewrite (bigD1 (b k)) //= (bigD1 (b l)) //= !eqxx mulr1.
rewrite big1 => [|j jN]; last by rewrite eq_sym (negPf jN) andbF mulr0.
rewrite big1 ?addr0 // => i iN; apply: big1 => j _.
by rewrite eq_sym (negPf iN) mulr0.
Qed.

(* Exchanging two samples at one place of the batch. *)
Definition swap_at k i j b : {ffun 'I_B -> 'I_N} :=
  [ffun x => if x == k then tperm i j (b x) else b x].

Lemma swap_atK k i j : involutive (swap_at k i j).
Proof. by move=> b; apply/ffunP => x; rewrite !ffunE; case: eqP => // _; rewrite tpermK. Qed.

Lemma occurrences_swap k l i i' j : l != k ->
  occurrences predT k l i j = occurrences predT k l i' j.
Proof.
move=> lk; rewrite /occurrences (reindex_inj (inv_inj (swap_atK k i i'))) /=.
apply: eq_bigr => b _; rewrite !ffunE eqxx (negPf lk).
by rewrite -[in LHS](inj_eq (@perm_inj _ (tperm i i'))) tpermK tpermL.
Qed.

Lemma occurrencesC P k l i j : occurrences P k l i j = occurrences P l k j i.
Proof. by apply: eq_bigr => b _; rewrite andbC. Qed.

Lemma occurrences_with k l i i' j j' : k != l ->
  occurrences predT k l i j = occurrences predT k l i' j'.
Proof.
move=> kl; rewrite (occurrences_swap i i' j) 1?eq_sym //.
by rewrite occurrencesC (occurrences_swap j j' i') // occurrencesC.
Qed.

(* Exchanging two samples everywhere, which keeps distinct samples distinct. *)
Definition relabel (s : {perm 'I_N}) b : {ffun 'I_B -> 'I_N} := [ffun x => s (b x)].

Lemma relabel_inj s : injective (relabel s).
Proof.
move=> b b' /ffunP e; apply/ffunP => x; move: (e x); rewrite !ffunE; exact: perm_inj.
Qed.

Lemma injective_relabel s b : injectiveb (relabel s b) = injectiveb b.
Proof.
apply/injectiveP/injectiveP => ib x y e; apply: ib; rewrite ?ffunE ?e //.
by move: e; rewrite !ffunE; apply: perm_inj.
Qed.

Definition distinct : pred {ffun 'I_B -> 'I_N} := fun b => injectiveb b.

Lemma occurrences_relabel P (s : {perm 'I_N}) k l i j :
  (forall b, P (relabel s b) = P b) ->
  occurrences P k l (s i) (s j) = occurrences P k l i j.
Proof.
move=> Ps; rewrite /occurrences (reindex_inj (@relabel_inj s)) /=.
apply: eq_big => [b|b _]; first exact: Ps.
by rewrite !ffunE !(inj_eq perm_inj).
Qed.

Lemma occurrences_without k l i i' j j' : i != j -> i' != j' ->
  occurrences distinct k l i j = occurrences distinct k l i' j'.
Proof.
move=> ij ij'; pose s := (tperm i i' * tperm (tperm i i' j) j')%g.
have si : s i = i'.
  rewrite permM tpermL tpermD //; last by rewrite eq_sym.
  by apply: contra_neq ij => e; apply: (@perm_inj _ (tperm i i')); rewrite tpermL e.
have sj : s j = j' by rewrite permM tpermL.
rewrite -si -sj occurrences_relabel // => b; exact: injective_relabel.
Qed.

Lemma occurrences_same P k i i' :
  (forall s b, P (relabel s b) = P b) ->
  occurrences P k k i i = occurrences P k k i' i'.
Proof. by move=> Ps; rewrite -(@occurrences_relabel P (tperm i i')) // !tpermL. Qed.

Lemma card_sum (P : pred {ffun 'I_B -> 'I_N}) : #|P|%:R = \sum_(b | P b) 1 :> F.
Proof. by rewrite -sum1_card natr_sum. Qed.

Lemma occurrences_offdiagonal P k i j : i != j -> occurrences P k k i j = 0.
Proof.
move=> ij; apply: big1 => b _; case: eqP => //= ->.
by rewrite (negPf ij).
Qed.

Lemma sum_diagonal q P k :
  \sum_i \sum_j q i j * occurrences P k k i j = \sum_i q i i * occurrences P k k i i.
Proof.
apply: eq_bigr => i _; rewrite (bigD1 i) //= big1 ?addr0 // => j ji.
by rewrite occurrences_offdiagonal ?mulr0 // eq_sym.
Qed.

(* One place: every sample is equally likely. *)
Lemma mean_same P q k :
  (0 < N)%N -> (forall s b, P (relabel s b) = P b) ->
  \sum_(b | P b) q (b k) (b k) = #|P|%:R * N%:R^-1 * \sum_i q i i.
Proof.
move=> N0 Ps; have NF : N%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
pose i0 : 'I_N := Ordinal N0.
have const q' : \sum_(b | P b) q' (b k) (b k) = occurrences P k k i0 i0 * \sum_i q' i i.
  rewrite pair_sum sum_diagonal mulr_sumr; apply: eq_bigr => i _.
  by rewrite (@occurrences_same P k i i0) // mulrC.
rewrite const card_sum (const (fun _ _ => 1)) sumr_const card_ord; field.
exact: NF.
Qed.

(* Two places, with replacement: every pair is equally likely. *)
Lemma mean_pair_with q k l : k != l -> (0 < N)%N ->
  \sum_(b : {ffun 'I_B -> 'I_N}) q (b k) (b l) =
    #|{ffun 'I_B -> 'I_N}|%:R * N%:R^-2 * \sum_i \sum_j q i j.
Proof.
move=> kl N0; have NF : N%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
pose i0 : 'I_N := Ordinal N0.
have const q' : \sum_(b : {ffun 'I_B -> 'I_N}) q' (b k) (b l) =
    occurrences predT k l i0 i0 * \sum_i \sum_j q' i j.
  rewrite (pair_sum predT) mulr_sumr; apply: eq_bigr => i _; rewrite mulr_sumr.
  by apply: eq_bigr => j _; rewrite (occurrences_with i i0 j i0 kl) mulrC.
rewrite const (card_sum predT) (const (fun _ _ => 1)) !sumr_const card_ord; field.
exact: NF.
Qed.

(* Two places, without replacement: every pair of different samples is. *)
Lemma mean_pair_without q k l : k != l -> (1 < N)%N ->
  \sum_(b | distinct b) q (b k) (b l) =
    #|distinct|%:R * (N%:R * (N%:R - 1))^-1 * (\sum_i \sum_j q i j - \sum_i q i i).
Proof.
move=> kl N1; have NF : N%:R != 0 :> F by rewrite pnatr_eq0 -lt0n ltnW.
have N1F : N%:R - 1 != 0 :> F by rewrite subr_eq0 pnatr_eq1 neq_ltn N1 orbT.
pose i0 : 'I_N := Ordinal (ltnW N1); pose j0 : 'I_N := Ordinal N1.
have const q' : \sum_(b | distinct b) q' (b k) (b l) =
    occurrences distinct k l i0 j0 * (\sum_i \sum_j q' i j - \sum_i q' i i).
  rewrite pair_sum -sumrB mulr_sumr; apply: eq_bigr => i _.
  rewrite (bigD1 i) //= [in RHS](bigD1 i) //= [_ + _ - _]addrAC subrr add0r.
  have -> : occurrences distinct k l i i = 0.
    apply: big1 => b /injectiveP ib; case: eqP => //= bk; case: eqP => //= bl.
    by case/eqP: kl; apply: ib; rewrite bk bl.
  rewrite mulr0 add0r mulr_sumr; apply: eq_bigr => j ji.
  by rewrite (@occurrences_without k l i i0 j j0) 1?eq_sym // mulrC.
rewrite const card_sum (const (fun _ _ => 1)) !sumr_const card_ord.
field; exact/andP.
Qed.

End Pairs.

Section Batches.
Variables (F : numFieldType) (d N B : nat) (A : 'M[F]_d) (eta gamma : F).
Variables (theta : 'cV[F]_d) (G : 'I_N -> 'cV[F]_d).
Hypothesis symA : symmetric A.
Hypothesis T1 : forall i, inner (G i) (A *m theta) = 0.
Hypothesis B0 : (0 < B)%N.

Implicit Types (b : {ffun 'I_B -> 'I_N}) (k l : 'I_B).

Let uniform (i : 'I_N) : F := N%:R^-1.
Let Sigma := covariance uniform G.
Let gradient := mean uniform G.                        (* ∇L *)

Definition batch_gradient (b : {ffun 'I_B -> 'I_N}) : 'cV[F]_d :=
  B%:R^-1 *: \sum_k G (b k).

Let q i j := inner (G i) (A *m G j).

Lemma charge_batch b :
  charge A (batch_gradient b) = B%:R^-2 * \sum_k \sum_l q (b k) (b l).
Proof.
rewrite /charge /batch_gradient -scalemxAr innerZl innerZr mulrA -invfM -expr2.
rewrite inner_suml; congr (_ * _); apply: eq_bigr => k _.
by rewrite mulmx_sumr inner_sumr.
Qed.

Lemma charge_gradient : charge A gradient = N%:R^-2 * \sum_i \sum_j q i j.
Proof.
rewrite /charge /gradient /mean -!scaler_sumr -scalemxAr innerZl innerZr mulrA -invfM -expr2.
rewrite inner_suml; congr (_ * _); apply: eq_bigr => i _.
by rewrite mulmx_sumr inner_sumr.
Qed.

Lemma trace_Sigma :
  \tr (Sigma *m A) = N%:R^-1 * (\sum_i q i i) - N%:R^-2 * \sum_i \sum_j q i j.
Proof. by rewrite /Sigma trace_covariance charge_gradient /scalar_mean -mulr_sumr. Qed.

Lemma BF : B%:R != 0 :> F.
Proof. by rewrite pnatr_eq0 -lt0n. Qed.

(* The sum over the places of a batch, split into one place and two. *)
Lemma sum_places P (same pair : F) :
  (forall k, \sum_(b : {ffun 'I_B -> 'I_N} | P b) q (b k) (b k) = same) ->
  (forall k l, k != l ->
     \sum_(b : {ffun 'I_B -> 'I_N} | P b) q (b k) (b l) = pair) ->
  \sum_(b | P b) charge A (batch_gradient b) =
    B%:R^-2 * (B%:R * (same + (B%:R - 1) * pair)).
Proof.
move=> sameE pairE; under eq_bigr do rewrite charge_batch.
rewrite -mulr_sumr exchange_big /=; congr (_ * _).
transitivity (\sum_(k < B) (same + (B%:R - 1) * pair)); last first.
  by rewrite sumr_const card_ord mulr_natl.
apply: eq_bigr => k _; rewrite exchange_big (bigD1 k) //= sameE; congr (_ + _).
rewrite (eq_bigr (fun=> pair)) => [|l lk]; last by rewrite pairE // eq_sym.
have -> : B%:R - 1 = B.-1%:R :> F by rewrite -subn1 natrB.
by rewrite sumr_const mulr_natl cardC1 card_ord.
Qed.

(* The mean over a set of batches of what T5 gives for each. *)
Lemma mean_step (P : pred {ffun 'I_B -> 'I_N}) : (#|P|%:R != 0 :> F) ->
  #|P|%:R^-1 * (\sum_(b | P b) charge A (step eta gamma theta (batch_gradient b))) =
  (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta
   + eta ^+ 2 * (#|P|%:R^-1 * \sum_(b | P b) charge A (batch_gradient b)).
Proof.
move=> P0; under eq_bigr => b _.
  rewrite (T5_discrete_law eta gamma symA); last first.
    by rewrite innerZl inner_suml big1 ?mulr0.
  over.
rewrite big_split /= sumr_const -mulr_sumr -[_ *+ #|_|]mulr_natl.
by rewrite mulrDr mulKf // mulrCA.
Qed.

(* E[C'] = (1−2ηγ)²C + η²(Tr[ΣA]/B + ∇LᵀA∇L) *)
Theorem T5_mean_with_replacement : (0 < N)%N ->
  #|{ffun 'I_B -> 'I_N}|%:R^-1
    * (\sum_b charge A (step eta gamma theta (batch_gradient b))) =
  (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta
    + eta ^+ 2 * (\tr (Sigma *m A) / B%:R + charge A gradient).
Proof.
move=> N0; have NF : N%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
have card0 : #|{ffun 'I_B -> 'I_N}|%:R != 0 :> F.
  by rewrite pnatr_eq0 card_ffun !card_ord expn_eq0 negb_and -lt0n N0.
rewrite (mean_step card0) (sum_places (P := predT)
  (fun k => mean_same q k N0 (P := predT) (fun _ _ => erefl))
  (fun k l kl => mean_pair_with q kl N0)).
rewrite trace_Sigma charge_gradient; congr (_ + _ * _).
move: (\sum_i q i i) (\sum_i \sum_j q i j) => diagonal all.
rewrite -[#|predT|]/(#|{ffun 'I_B -> 'I_N}|); field.
by rewrite card0 NF BF.
Qed.

(* T15: E[C'] − C = η(−4γ(1−ηγ)C + ηTr[MA]) with M = Σ/B + ∇L∇Lᵀ: the balance equation
   with γ(1−ηγ) in the place of γ and ηM in that of 2σ²Σ. *)
Theorem T15_finite_learning_rate : (0 < N)%N ->
  #|{ffun 'I_B -> 'I_N}|%:R^-1
    * (\sum_b charge A (step eta gamma theta (batch_gradient b))) - charge A theta =
  eta * (- (4%:R * (gamma * (1 - eta * gamma))) * charge A theta
    + eta * \tr ((B%:R^-1 *: Sigma + gradient *m gradient^T) *m A)).
Proof.
move=> N0; rewrite T5_mean_with_replacement //.
have -> : \tr ((B%:R^-1 *: Sigma + gradient *m gradient^T) *m A) =
    \tr (Sigma *m A) / B%:R + charge A gradient.
  rewrite mulmxDl raddfD /= -scalemxAl linearZ /= mulrC; congr (_ + _).
  by rewrite -mulmxA mxtrace_mulC /charge /inner mulmxA.
by move: (charge A theta) (_ / _) (charge A gradient) => C T G0; ring.
Qed.

(* T5 without replacement: Tr[ΣA] is multiplied by (N−B)/(N−1). *)
Theorem T5_mean_without_replacement : (1 < N)%N -> (B <= N)%N ->
  #|@distinct N B|%:R^-1
    * (\sum_(b : {ffun 'I_B -> 'I_N} | injectiveb b)
         charge A (step eta gamma theta (batch_gradient b))) =
  (1 - 2%:R * eta * gamma) ^+ 2 * charge A theta
    + eta ^+ 2 * (\tr (Sigma *m A) / B%:R * ((N%:R - B%:R) / (N%:R - 1))
                  + charge A gradient).
Proof.
move=> N1 BN; have N0 := ltnW N1.
have NF : N%:R != 0 :> F by rewrite pnatr_eq0 -lt0n.
have N1F : N%:R - 1 != 0 :> F by rewrite subr_eq0 pnatr_eq1 neq_ltn N1 orbT.
have card0 : #|@distinct N B|%:R != 0 :> F.
  rewrite pnatr_eq0 -lt0n; apply/card_gt0P.
  exists [ffun k => widen_ord BN k]; apply/injectiveP => x y.
  by rewrite !ffunE => /(congr1 val) /= /val_inj.
rewrite (mean_step card0) (sum_places
  (fun k => @mean_same _ _ _ (@distinct N B) q k N0 (fun s b => injective_relabel s b))
  (fun k l kl => mean_pair_without q kl N1)).
rewrite trace_Sigma charge_gradient; congr (_ + _ * _).
move: (\sum_i q i i) (\sum_i \sum_j q i j) => diagonal all; field.
by rewrite card0 NF BF N1F.
Qed.

End Batches.
