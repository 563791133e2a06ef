(* T17, the solution: for positive definite M and N over a real closed field the equation
   SMS = N has exactly one positive definite solution, the geometric mean M⁻¹ # N, and it
   is where the balance potential Tr(MS) + Tr(NS⁻¹) has its minimum. *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form LayerPair Spectral.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section GeometricMean.
Variables (R : rcfType) (r : nat).
Implicit Types (M N S T K L P Q : 'M[R]_r).

(* L is the square root of M that is positive definite. *)
Definition square_root M L : Prop := positive_definite L /\ L *m L = M.

Lemma posdef_symmetric_congruence M K :
  positive_definite M -> positive_definite K -> positive_definite (K *m M *m K).
Proof.
by move=> pM pK; have := posdef_congruence pM (posdef_unit pK); rewrite pK.1.
Qed.

(* Uniqueness; of N nothing is needed. *)
Theorem T17_unique M N S T : positive_definite M ->
  positive_definite S -> positive_definite T ->
  S *m M *m S = N -> T *m M *m T = N -> S = T.
Proof.
move=> pM pS pT SN TN; have [K pK KM] := sqrt_exists pM.
have uK := posdef_unit pK.
have squared X : X *m M *m X = N -> (K *m X *m K) *m (K *m X *m K) = K *m N *m K.
  by move=> <-; rewrite -KM !mulmxA.
have : K *m S *m K = K *m T *m K.
  by apply: sqrt_unique; rewrite ?squared //;
     apply/posdef_semidefinite/posdef_symmetric_congruence.
by move/(can_inj (mulmxK uK))/(can_inj (mulKmx uK)).
Qed.

(* Existence, by the formula S = M^{−1/2}(M^{1/2}NM^{1/2})^{1/2}M^{−1/2}. *)
Theorem T17_geometric_mean M N K L :
  square_root M K -> square_root (K *m N *m K) L ->
  positive_definite (invmx K *m L *m invmx K) /\
  (invmx K *m L *m invmx K) *m M *m (invmx K *m L *m invmx K) = N.
Proof.
move=> [pK KM] [pL LN]; have uK := posdef_unit pK.
split; first exact: posdef_symmetric_congruence (posdef_inv pK).
rewrite -KM !mulmxA mulmxKV // -[_ *m K *m invmx K]mulmxA mulmxV // mulmx1.
rewrite -(mulmxA (invmx K)) LN !mulmxA mulVmx // mul1mx -mulmxA mulmxV //.
by rewrite mulmx1.
Qed.

Theorem T17_exactly_one M N : positive_definite M -> positive_definite N ->
  exists! S, positive_definite S /\ S *m M *m S = N.
Proof.
move=> pM pN; have [K pK KM] := sqrt_exists pM.
have [L pL LN] := sqrt_exists (posdef_symmetric_congruence pN pK).
have [pS SN] := T17_geometric_mean (conj pK KM) (conj pL LN).
exists (invmx K *m L *m invmx K); split=> // T [pT TN].
exact: T17_unique pM pS pT SN TN.
Qed.

(* The potential has its minimum at the solution S, and nowhere else. *)
Lemma potential_difference M N S T : S \in unitmx -> T \in unitmx ->
  S *m M *m S = N ->
  (\tr (M *m T) + \tr (N *m invmx T)) - (\tr (M *m S) + \tr (N *m invmx S)) =
  \tr (M *m ((T - S) *m invmx T *m (T - S))).
Proof.
move=> uS uT <-.
have -> : (T - S) *m invmx T *m (T - S) = T - S - S + S *m invmx T *m S.
  rewrite !(mulmxBl, mulmxBr) mulmxV // !mul1mx -(mulmxA S) mulVmx // mulmx1.
  by rewrite opprB addrA addrAC.
rewrite !(mulmxBr, mulmxDr, raddfB, raddfD) /= mulmxK // (mxtrace_mulC S M).
have -> : \tr (M *m (S *m invmx T *m S)) = \tr (S *m M *m S *m invmx T).
  by rewrite !mulmxA mxtrace_mulC !mulmxA.
by move: (\tr _) (\tr _) (\tr _) => a b c; ring.
Qed.

Theorem T17_minimum M N S T : positive_definite M ->
  positive_definite S -> positive_definite T -> S *m M *m S = N ->
  \tr (M *m S) + \tr (N *m invmx S) <= \tr (M *m T) + \tr (N *m invmx T)
    ?= iff (T == S).
Proof.
move=> pM pS pT SN; have [K pK KM] := sqrt_exists pM.
have uS := posdef_unit pS; have uT := posdef_unit pT.
have symX : (T - S)^T = T - S by rewrite linearB /= pS.1 pT.1.
have diff := potential_difference uS uT SN.
have E : \tr (M *m ((T - S) *m invmx T *m (T - S))) =
    inner ((T - S) *m K) (invmx T *m ((T - S) *m K)).
  by rewrite -KM /inner trmx_mul symX pK.1 -(mulmxA K) [LHS]mxtrace_mulC !mulmxA.
apply/leifP; case: eqP => [-> //|TS].
rewrite -subr_gt0 diff E lt_neqAle trace_form_ge0 ?andbT; last first.
  exact/posdef_semidefinite/posdef_inv.
apply/eqP => /esym/(trace_form_eq0 (posdef_inv pT)) XK; apply: TS.
by apply/eqP; rewrite -subr_eq0 -[T - S](mulmxK (posdef_unit pK)) XK mul0mx.
Qed.

(* Every positive definite S is PPᵀ for an invertible P, unique up to a rotation. *)
Lemma factor_exists S : positive_definite S -> exists2 P, P \in unitmx & P *m P^T = S.
Proof.
by move=> /sqrt_exists[P pP PS]; exists P; rewrite ?posdef_unit // pP.1.
Qed.

Lemma factor_unique P Q : P \in unitmx -> P *m P^T = Q *m Q^T ->
  exists2 V : 'M[R]_r, orthogonal V & Q = P *m V.
Proof.
move=> uP PQ; exists (invmx P *m Q); last by rewrite mulKVmx.
rewrite /orthogonal trmx_mul !mulmxA -(mulmxA (invmx P)) -PQ !mulmxA mulVmx //.
by rewrite mul1mx trmx_inv mulmxV // unitmx_tr.
Qed.

Lemma factor_posdef P : P \in unitmx -> positive_definite (P *m P^T).
Proof.
move=> uP; have p1 : positive_definite (1%:M : 'M[R]_r).
  by split=> [|v v0]; rewrite ?/symmetric ?trmx1 // mul1mx inner_gt0.
by have := posdef_congruence p1 uP; rewrite mulmx1.
Qed.

End GeometricMean.

(* The orbit of (U, W) holds exactly one balanced point up to rotations. *)
Section Orbit.
Variables (R : rcfType) (dy r dx : nat) (I : finType) (w : I -> R).
Variables (x : I -> 'cV[R]_dx) (g : I -> 'cV[R]_dy) (gamma sigmasq : R).
Variables (U : 'M[R]_(dy, r)) (W : 'M[R]_(r, dx)).

Let M := M_side w x g gamma sigmasq U.
Let N := N_side w x g gamma sigmasq W.

(* Balanced for every symmetric generator at the point moved by P. *)
Definition balanced (P : 'M[R]_r) : Prop :=
  forall S, symmetric S ->
  balance w x g gamma sigmasq (U *m P) (invmx P *m W) S = 0.

Lemma balancedP P : P \in unitmx ->
  balanced P <-> (P *m P^T) *m M *m (P *m P^T) = N.
Proof.
move=> uP; split.
  by move/T17_balance_iff/(T17_orbit_balance _ _ _ _ _ _ _ uP).
by move=> H; apply/T17_balance_iff; apply/(T17_orbit_balance _ _ _ _ _ _ _ uP).
Qed.

Hypotheses (pM : positive_definite M) (pN : positive_definite N).

Theorem T17_balanced_exists : exists2 P, P \in unitmx & balanced P.
Proof.
have [S [[pS SN] _]] := T17_exactly_one pM pN.
have [P uP PS] := factor_exists pS.
by exists P => //; apply/balancedP; rewrite ?PS.
Qed.

Theorem T17_balanced_unique P Q : P \in unitmx -> Q \in unitmx ->
  balanced P -> balanced Q -> exists2 V : 'M[R]_r, orthogonal V & Q = P *m V.
Proof.
move=> uP uQ /(balancedP uP) HP /(balancedP uQ) HQ; apply: factor_unique => //.
exact: T17_unique pM (factor_posdef uP) (factor_posdef uQ) HP HQ.
Qed.

(* And a rotation of a balanced point is balanced. *)
Theorem T17_balanced_rotation P (V : 'M[R]_r) : P \in unitmx -> orthogonal V ->
  balanced P -> balanced (P *m V).
Proof.
move=> uP oV /(balancedP uP) HP; apply/balancedP.
  by rewrite unitmx_mul uP; have [] := mulmx1_unit oV.
have -> // : (P *m V) *m (P *m V)^T = P *m P^T.
by rewrite trmx_mul mulmxA -(mulmxA P) oV mulmx1.
Qed.

End Orbit.
