(* T17, 4: positive semidefinite M and N. The minimum of Tr(MS) + Tr(NS⁻¹) over the positive
   definite S is attained if and only if rank M = rank N = rank MN, and where it is attained
   S is fixed up to what M annihilates. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form LayerPair Spectral GeometricMean
  SingularValues.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Semidefinite.
Variable R : rcfType.

Lemma gram_rank m n (X : 'M[R]_(m, n)) : \rank (X *m X^T) = \rank X.
Proof.
have ker : (kermx (X *m X^T) == kermx X)%MS.
  apply/andP; split; apply/sub_kermxP; last by rewrite mulmxA mulmx_ker mul0mx.
  apply: inner_eq0; rewrite /inner mxtrace_mulC trmx_mul mulmxA -(mulmxA _ X).
  by rewrite mulmx_ker mul0mx mxtrace0.
have := eqmx_rank ker; rewrite !mxrank_ker => e.
by rewrite -(subKn (rank_leq_row X)) -e subKn // rank_leq_row.
Qed.

Lemma semidefinite_factor n d (M : 'M[R]_n) : positive_semidefinite M -> \rank M = d ->
  exists E : 'M[R]_(n, d), M = E *m E^T.
Proof.
move=> /semidefinite_root[K [symK _] KM] <-.
have rankK : \rank M = \rank K by rewrite -KM -[X in _ *m X]symK gram_rank.
have [d' [L [s [Rt [LL RR s0 KE]]]]] := thin_svd K.
have d'E : d' = \rank M by rewrite rankK (svd_rank LL RR s0 KE).
rewrite -d'E; exists (Rt^T *m diag_mx s).
rewrite trmx_mul trmxK tr_diag_mx -KM -[X in X *m _]symK KE !trmx_mul tr_diag_mx.
by rewrite !mulmxA -(mulmxA _ L^T) LL mulmx1.
Qed.

Section Pair.
Variables (r : nat) (M N : 'M[R]_r).
Hypotheses (pM : positive_semidefinite M) (pN : positive_semidefinite N).
Implicit Types (S T X : 'M[R]_r).

(* Balanced, at the point moved by P with PPᵀ = S. *)
Definition solution S : Prop := positive_definite S /\ S *m M *m S = N.

Lemma solution_rank S : solution S ->
  \rank N = \rank M /\ \rank (M *m N) = \rank M.
Proof.
move=> [pS <-]; have uS := posdef_unit pS; have freeS : row_free S by rewrite row_free_unit.
have [L pL LS] := sqrt_exists pS; have uL := posdef_unit pL.
split; first by rewrite mxrankMfree // -mxrank_tr trmx_mul pS.1 pM.1 mxrankMfree.
rewrite !mulmxA mxrankMfree // -LS.
have -> : M *m (L *m L) *m M = (M *m L) *m (M *m L)^T.
  by rewrite trmx_mul pL.1 pM.1 !mulmxA.
by rewrite gram_rank mxrankMfree // row_free_unit.
Qed.

(* With M = EEᵀ, N = GGᵀ and EᵀG = T invertible, V = T⁻¹(TTᵀ)^{1/2} is a rotation, and
   S = G'H⁻¹G'ᵀ + ΠᵀΠ takes E to G' = GV, where H = EᵀG' and Π = 1 − EH⁻¹G'ᵀ. *)
Lemma solution_exists :
  \rank N = \rank M -> \rank (M *m N) = \rank M -> exists S, solution S.
Proof.
have [d rM] : exists d, \rank M = d by exists (\rank M).
rewrite rM => rN rMN.
have [E ME] := semidefinite_factor pM rM; have [G NG] := semidefinite_factor pN rN.
pose T := E^T *m G.
have uT : T \in unitmx.
  rewrite -row_full_unit -col_leq_rank -{1}rMN ME NG.
  have -> : E *m E^T *m (G *m G^T) = E *m (T *m G^T) by rewrite !mulmxA.
  exact: leq_trans (mxrankM_maxr _ _) (mxrankM_maxl _ _).
have [H pH HH] := sqrt_exists (factor_posdef uT).
have uH := posdef_unit pH; pose V := invmx T *m H.
have VV : V *m V^T = 1%:M.
  rewrite trmx_mul pH.1 mulmxA -(mulmxA (invmx T)) HH mulmxA mulVmx // mul1mx.
  by rewrite trmx_inv mulmxV // unitmx_tr.
pose G' := G *m V.
have EG : E^T *m G' = H by rewrite /G' /V !mulmxA mulmxV // mul1mx.
have GE : G'^T *m E = H by rewrite -[E]trmxK -trmx_mul EG pH.1.
have GG : G' *m G'^T = N.
  by rewrite /G' trmx_mul mulmxA -(mulmxA G) VV mulmx1 -NG.
clearbody G'; pose Pi := 1%:M - E *m invmx H *m G'^T.
have PiE : Pi *m E = 0.
  by rewrite mulmxBl mul1mx -!mulmxA GE mulVmx // mulmx1 subrr.
pose S := G' *m invmx H *m G'^T + Pi^T *m Pi.
have SE : S *m E = G'.
  by rewrite mulmxDl -(mulmxA Pi^T) PiE mulmx0 addr0 -!mulmxA GE mulVmx // mulmx1.
have pHi := posdef_inv pH.
have symS : symmetric S.
  rewrite /symmetric linearD /= (trmx_mul (G' *m _)) (trmx_mul G') (trmx_mul Pi^T).
  by rewrite !trmxK pHi.1 mulmxA.
exists S; split; last first.
  rewrite ME mulmxA SE -mulmxA -[X in _ *m (_ *m X)]symS -trmx_mul SE.
  exact: GG.
split=> // v v0.
have form : inner v (S *m v) =
    inner (G'^T *m v) (invmx H *m (G'^T *m v)) + inner (Pi *m v) (Pi *m v).
  by rewrite mulmxDl innerDr -!mulmxA (inner_mulr G') (inner_mulr Pi^T) !trmxK.
have g0 : 0 <= inner (G'^T *m v) (invmx H *m (G'^T *m v)) by exact: posdef_ge0.
rewrite lt_neqAle form addr_ge0 ?inner_ge0 // andbT eq_sym.
rewrite paddr_eq0 ?inner_ge0 //; apply: contra v0.
move=> /andP[/eqP/(posdef_eq0 pHi) Gv /eqP/inner_eq0]; rewrite mulmxBl mul1mx.
by rewrite -mulmxA Gv mulmx0 subr0 => ->.
Qed.

(* Two solutions agree except on what M annihilates, where they are free. *)
Theorem T17_solutions_agree S T : solution S -> solution T -> S *m M = T *m M.
Proof.
move=> [pS SN] [pT TN]; have [K [symK _] KM] := semidefinite_root pM.
have semi X : positive_definite X -> positive_semidefinite (K *m X *m K).
  move=> pX; split=> [|v]; first by rewrite /symmetric !trmx_mul symK pX.1 mulmxA.
  by rewrite -!mulmxA inner_mulr symK posdef_ge0.
have squared X : X *m M *m X = N -> (K *m X *m K) *m (K *m X *m K) = K *m N *m K.
  by move=> <-; rewrite -KM !mulmxA.
have KSK : K *m S *m K = K *m T *m K.
  by apply: sqrt_unique; rewrite ?squared //; apply: semi.
pose Z := (S - T) *m K.
have Z0 : Z *m (K *m S *m K) = 0.
  rewrite /Z !mulmxBl [X in _ - X](_ : _ = T *m K *m (K *m T *m K)); last by rewrite KSK.
  rewrite -!mulmxA !(mulmxA K K) KM !mulmxA SN TN.
  by rewrite subrr.
have KZ : K *m Z^T = 0.
  apply: (trace_form_eq0 pS); rewrite /inner trmx_mul trmxK symK !mulmxA.
  by rewrite -(mulmxA Z K S) -(mulmxA Z) Z0 mul0mx mxtrace0.
have : (K *m Z^T)^T = 0 by rewrite KZ trmx0.
rewrite trmx_mul trmxK symK /Z -mulmxA KM mulmxBl => /eqP.
by rewrite subr_eq0 => /eqP.
Qed.

Theorem T17_not_unique S X : solution S -> positive_semidefinite X -> X *m M = 0 ->
  solution (S + X).
Proof.
move=> [pS SN] pX XM; have MX : M *m X = 0.
  by rewrite -[LHS]trmxK trmx_mul pX.1 pM.1 XM trmx0.
split; last by rewrite mulmxDl XM addr0 mulmxDr SN -mulmxA MX mulmx0 addr0.
split=> [|v v0]; first by rewrite /symmetric linearD /= pS.1 pX.1.
by rewrite mulmxDl innerDr ltr_paddr ?pX.2 // pS.2.
Qed.

Definition potential S : R := \tr (M *m S) + \tr (N *m invmx S).

Definition minimiser S : Prop :=
  positive_definite S /\ forall T, positive_definite T -> potential S <= potential T.

Lemma solution_minimiser S : solution S -> minimiser S.
Proof.
move=> [pS SN]; split=> // T pT; have [K [symK _] KM] := semidefinite_root pM.
rewrite -subr_ge0 /potential (potential_difference (posdef_unit pS) (posdef_unit pT) SN).
have symX : (T - S)^T = T - S by rewrite linearB /= pS.1 pT.1.
have -> : \tr (M *m ((T - S) *m invmx T *m (T - S))) =
    inner ((T - S) *m K) (invmx T *m ((T - S) *m K)).
  by rewrite -KM /inner trmx_mul symX symK -(mulmxA K) [LHS]mxtrace_mulC !mulmxA.
exact/trace_form_ge0/posdef_semidefinite/posdef_inv.
Qed.

(* Stretching the direction q by a. *)
Definition stretch (q : 'cV[R]_r) (a : R) : 'M[R]_r := 1%:M + (a - 1) *: (q *m q^T).

Lemma stretchM q a b : inner q q = 1 -> stretch q a *m stretch q b = stretch q (a * b).
Proof.
move=> qq; have qqqq : (q *m q^T) *m (q *m q^T) = q *m q^T.
  by rewrite mulmxA -(mulmxA q) scalar_mx_inner qq mulmx1.
rewrite /stretch mulmxDl mul1mx mulmxDr mulmx1 -scalemxAl -scalemxAr qqqq scalerA.
by rewrite -addrA -!scalerDl; congr (_ + _ *: _); ring.
Qed.

Lemma stretch_tr q a : (stretch q a)^T = stretch q a.
Proof. by rewrite /stretch linearD linearZ /= trmx1 trmx_mul trmxK. Qed.

Lemma stretch1 q : stretch q 1 = 1%:M.
Proof. by rewrite /stretch subrr scale0r addr0. Qed.

Lemma trace_stretch X q a : \tr (X *m stretch q a) = \tr X + (a - 1) * inner q (X *m q).
Proof.
rewrite /stretch mulmxDr mulmx1 raddfD /= -scalemxAr linearZ /=.
by rewrite mulmxA mxtrace_mulC.
Qed.

(* No stretch of the point S lowers the potential, so that the two forms agree. *)
Lemma balanced_slope (m n : R) : 0 <= m -> 0 <= n ->
  (forall a, 0 < a -> 0 <= (a - 1) * m + (a^-1 - 1) * n) -> m = n.
Proof.
move=> m0 n0 slope; pose k := 2%:R * (m + n + 1); pose t := (m - n) / k.
have k0 : 0 < k by rewrite mulr_gt0 ?ltr0n // ltr_paddl ?ltr01 // addr_ge0.
have a0 : 0 < 1 - t.
  rewrite subr_gt0 ltr_pdivr_mulr // mul1r -subr_gt0.
  have -> : k - (m - n) = m + 3%:R * n + 2%:R by rewrite /k; ring.
  by rewrite ltr_paddl ?ltr0n // addr_ge0 // mulr_ge0 ?ler0n.
have := slope _ a0; rewrite -(pmulr_rge0 _ a0).
have -> : (1 - t) * ((1 - t - 1) * m + ((1 - t)^-1 - 1) * n) =
    - ((m - n) ^+ 2 * (k - m) / k ^+ 2).
  rewrite mulrDr [X in _ + X]mulrA mulrBr mulfV ?gt_eqF // mulr1 /t; field.
  by rewrite gt_eqF.
have km : 0 < k - m.
  have -> : k - m = m + 2%:R * n + 2%:R by rewrite /k; ring.
  by rewrite ltr_paddl ?ltr0n // addr_ge0 // mulr_ge0 ?ler0n.
rewrite oppr_ge0 pmulr_lle0 ?invr_gt0 ?exprn_gt0 // pmulr_lle0 // => sq.
by apply/eqP; rewrite -subr_eq0 -sqrf_eq0 eq_le sq sqr_ge0.
Qed.

Lemma form_eq0 X : symmetric X -> (forall q : 'cV_r, inner q q = 1 -> inner q (X *m q) = 0) ->
  X = 0.
Proof.
move=> symX unit0; have all0 (v : 'cV_r) : inner v (X *m v) = 0.
  have [->|v0] := eqVneq v 0; first by rewrite inner0l.
  have vv := inner_gt0 v0; pose c := Num.sqrt (inner v v).
  have c0 : 0 < c by rewrite sqrtr_gt0.
  have -> : v = c *: (c^-1 *: v) by rewrite scalerA mulfV ?scale1r // gt_eqF.
  rewrite -scalemxAr innerZl innerZr unit0 ?mulr0 // innerZl innerZr mulrA -invfM.
  by rewrite -expr2 sqr_sqrtr ?ltW // mulVf // gt_eqF.
have cross (u v : 'cV_r) : inner u (X *m v) = 0.
  have := all0 (u + v); rewrite mulmxDr innerDl !innerDr !all0 (symmetric_inner v u symX).
  rewrite add0r addr0 -mulr2n => /eqP; rewrite mulrn_eq0 /= => /eqP //.
apply/matrixP => i j; rewrite mxE.
have := @inner_eq0 _ _ _ _ (cross (X *m delta_mx j 0) (delta_mx j 0)).
by rewrite -colE => /colP/(_ i); rewrite !mxE.
Qed.

Lemma minimiser_solution S : minimiser S -> solution S.
Proof.
move=> [pS least]; split=> //; have [P uP PS] := factor_exists pS.
have uPt : P^T \in unitmx by rewrite unitmx_tr.
pose M1 := P^T *m M *m P; pose N1 := invmx P *m N *m invmx P^T.
have inv q a : inner q q = 1 -> 0 < a ->
    invmx (P *m stretch q a *m P^T) = invmx P^T *m stretch q a^-1 *m invmx P.
  move=> qq a0; have one : (P *m stretch q a *m P^T) *m
      (invmx P^T *m stretch q a^-1 *m invmx P) = 1%:M.
    rewrite !mulmxA mulmxK // -(mulmxA P) stretchM // mulfV ?gt_eqF // stretch1.
    by rewrite mulmx1 mulmxV.
  by have [uT _] := mulmx1_unit one; rewrite -[LHS]mulmx1 -one mulKmx.
have pot q a : inner q q = 1 -> 0 < a -> potential (P *m stretch q a *m P^T) =
    \tr (M1 *m stretch q a) + \tr (N1 *m stretch q a^-1).
  move=> qq a0; rewrite /potential inv // /M1 /N1; congr (_ + _).
    by rewrite !mulmxA mxtrace_mulC !mulmxA.
  by rewrite !mulmxA mxtrace_mulC !mulmxA.
have form1 (q : 'cV_r) : inner q q = 1 -> inner q (M1 *m q) = inner q (N1 *m q).
  move=> qq; apply: balanced_slope.
  - rewrite /M1 -!mulmxA inner_mulr trmxK; exact: pM.2.
  - rewrite /N1 -!mulmxA inner_mulr trmx_inv; exact: pN.2.
  move=> a a0; have pT : positive_definite (P *m stretch q a *m P^T).
    have rho0 : 0 < Num.sqrt a by rewrite sqrtr_gt0.
    have -> : P *m stretch q a *m P^T =
        (P *m stretch q (Num.sqrt a)) *m (P *m stretch q (Num.sqrt a))^T.
      rewrite trmx_mul stretch_tr mulmxA -[X in _ = X *m _]mulmxA stretchM // -expr2.
      by rewrite sqr_sqrtr // ltW.
    apply: factor_posdef; rewrite unitmx_mul uP /=.
    have /mulmx1_unit[//] : stretch q (Num.sqrt a) *m stretch q (Num.sqrt a)^-1 = 1%:M.
    by rewrite stretchM // mulfV ?gt_eqF // stretch1.
  have := least _ pT; rewrite -PS.
  have -> : P *m P^T = P *m stretch q 1 *m P^T by rewrite stretch1 mulmx1.
  rewrite (pot q 1 qq ltr01) (pot q a qq a0) invr1 !trace_stretch subrr !mul0r !addr0.
  by move=> le; rewrite -(ler_add2l (\tr M1 + \tr N1)) addr0 addrACA.
have symD : symmetric (M1 - N1).
  by rewrite /symmetric linearB /= !trmx_mul trmxK pM.1 pN.1 !trmx_inv trmxK !mulmxA.
have MN : M1 = N1.
  apply/eqP; rewrite -subr_eq0; apply/eqP; apply: form_eq0 => // q qq.
  by rewrite mulmxBl innerBr form1 // subrr.
rewrite -PS; have -> : P *m P^T *m M *m (P *m P^T) = P *m M1 *m P^T.
  by rewrite /M1 !mulmxA.
by rewrite MN /N1 !mulmxA mulmxV // mul1mx mulmxKV.
Qed.

(* The minimum is attained exactly at the solutions of SMS = N. *)
Theorem T17_minimiser_iff S : minimiser S <-> solution S.
Proof. by split; [exact: minimiser_solution | exact: solution_minimiser]. Qed.

Theorem T17_attained_iff :
  (exists S, minimiser S) <-> \rank N = \rank M /\ \rank (M *m N) = \rank M.
Proof.
split=> [[S /minimiser_solution/solution_rank //]|[rN rMN]].
by have [S /solution_minimiser] := solution_exists rN rMN; exists S.
Qed.

End Pair.

(* That M and N have the same rank is not enough: e₁e₁ᵀ and e₂e₂ᵀ. *)
Theorem T17_not_attained :
  ~ exists S, minimiser (delta_mx 0 0 : 'M[R]_2) (delta_mx 1 1) S.
Proof.
have unit_form (i : 'I_2) : positive_semidefinite (delta_mx i i : 'M[R]_2).
  split=> [|v]; first by rewrite /symmetric trmx_delta.
  rewrite -(mul_delta_mx (0 : 'I_1)) -mulmxA inner_mulr trmx_delta.
  exact: inner_ge0.
move=> /(T17_attained_iff (unit_form 0) (unit_form 1))[_].
by rewrite mul_delta_mx_cond /= mulr0n mxrank0 mxrank_delta.
Qed.

End Semidefinite.
