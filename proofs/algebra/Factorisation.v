(* C3: matrix factorisation. y = Vx + ε with x and ε independent, each of a finite
   distribution, and ℓ = ‖UWx − y‖². *)
From mathcomp Require Import all_ssreflect all_algebra ring.
From NoiseEquilibrium.algebra Require Import Form Derivative LayerPair.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.

Section Factorisation.
Variables (F : realFieldType) (dy r dx : nat) (I J : finType).
Variables (p : I -> F) (q : J -> F) (x : I -> 'cV[F]_dx) (eps : J -> 'cV[F]_dy).
Hypothesis p1 : \sum_i p i = 1.
Hypothesis q1 : \sum_j q j = 1.
Hypothesis eps0 : mean q eps = 0.

(* The second moments. *)
Definition Sigma_x : 'M[F]_dx := mean p (fun i => x i *m (x i)^T).
Definition Sigma_eps : 'M[F]_dy := mean q (fun j => eps j *m (eps j)^T).

(* The joint distribution of the pair (x, ε). *)
Definition joint (s : I * J) : F := p s.1 * q s.2.

Lemma mean_joint m n (c : J -> F) (X : I -> 'M[F]_(m, n)) :
  mean joint (fun s => c s.2 *: X s.1) = scalar_mean q c *: mean p X.
Proof.
rewrite /mean -(pair_bigA _ (fun i j => joint (i, j) *: (c j *: X i))) /= scaler_sumr.
apply: eq_bigr => i _; rewrite /scalar_mean scaler_suml; apply: eq_bigr => j _.
by rewrite /joint !scalerA; congr (_ *: _); rewrite /=; ring.
Qed.

Lemma mean_joint' m n (c : I -> F) (X : J -> 'M[F]_(m, n)) :
  mean joint (fun s => c s.1 *: X s.2) = scalar_mean p c *: mean q X.
Proof.
rewrite /mean -(pair_bigA _ (fun i j => joint (i, j) *: (c i *: X j))) /=.
rewrite /scalar_mean scaler_suml; apply: eq_bigr => i _.
rewrite scaler_sumr; apply: eq_bigr => j _.
by rewrite /joint !scalerA; congr (_ *: _); rewrite /=; ring.
Qed.

Lemma trace_second_moment n (K : finType) (w : K -> F) (v : K -> 'cV[F]_n) :
  scalar_mean w (fun k => inner (v k) (v k)) = \tr (mean w (fun k => v k *m (v k)^T)).
Proof. by rewrite mean_trace; apply: eq_bigr => k _; rewrite mxtrace_mulC. Qed.

Section Balance.
Variables (V : 'M[F]_(dy, dx)) (U : 'M[F]_(dy, r)) (W : 'M[F]_(r, dx)).

Definition target (s : I * J) : 'cV[F]_dy := V *m x s.1 + eps s.2.
Definition residual (s : I * J) : 'cV[F]_dy := U *m W *m x s.1 - target s.
Definition training_loss : F := scalar_mean joint (fun s => inner (residual s) (residual s)).

(* ∂ℓ/∂f = 2(f − y) for ℓ = ‖f − y‖². *)
Lemma square_gradient n (y f : 'cV[F]_n) :
  has_gradient (fun f' => inner (f' - y) (f' - y)) f (2%:R *: (f - y)).
Proof.
move=> e e0; exists e => // h hr.
have -> : inner (f + h - y) (f + h - y) - inner (f - y) (f - y)
    - inner (2%:R *: (f - y)) h = inner h h.
  have -> : f + h - y = f - y + h by rewrite addrAC.
  move: (f - y) => z; rewrite innerZl !(innerDl, innerDr) (innerC h z).
  by move: (inner z z) (inner z h) (inner h h) => a b c; ring.
by apply: le_trans (inner_le _ _) _; rewrite ler_wpmul2r ?norm_ge0.
Qed.

(* The global minima: L is at least Tr Σ_ε, with equality where UWx = Vx for every x that
   occurs. *)
Theorem C3_loss :
  training_loss = scalar_mean p (fun i => inner ((U *m W - V) *m x i) ((U *m W - V) *m x i))
                  + \tr Sigma_eps.
Proof.
rewrite -trace_second_moment /training_loss /scalar_mean.
rewrite -(pair_bigA _ (fun i j => joint (i, j) * inner (residual (i, j)) (residual (i, j)))).
rewrite /= -[X in _ + X]mul1r -p1 mulr_suml -big_split /=; apply: eq_bigr => i _.
rewrite /residual /target /= mulmxBl -mulrDr.
move: (U *m W *m x i) (V *m x i) => f v.
have cross : \sum_j q j * inner (f - v) (eps j) = 0.
  by rewrite -[LHS](inner_mean q) eps0 inner0r.
transitivity (p i * (\sum_j q j * (inner (f - v) (f - v)) + \sum_j q j * inner (eps j) (eps j)
    - 2%:R * \sum_j q j * inner (f - v) (eps j))).
  rewrite mulr_sumr -big_split /= -sumrB mulr_sumr; apply: eq_bigr => j _.
  rewrite /joint /= opprD addrA; move: (f - v) => z.
  rewrite innerBl !innerBr (innerC (eps j) z).
  by move: (inner _ _) (inner _ _) (inner _ _) => a b c; ring.
by rewrite cross mulr0 subr0 -mulr_suml q1 mul1r.
Qed.

Theorem C3_global_minimum : (forall i, 0 <= p i) ->
  \tr Sigma_eps <= training_loss
    ?= iff [forall i, (0 < p i) ==> (U *m W *m x i == V *m x i)].
Proof.
move=> p0; rewrite C3_loss.
have term i : 0 <= p i * inner ((U *m W - V) *m x i) ((U *m W - V) *m x i).
  by rewrite mulr_ge0 ?inner_ge0.
apply/leifP; case: ifP => [/forallP min|/negbT].
  rewrite eq_sym -subr_eq0 addrK /scalar_mean big1 // => i _.
  have := p0 i; rewrite le_eqVlt => /orP[/eqP <-|pi]; first by rewrite mul0r.
  have := min i; rewrite pi => /eqP; rewrite mulmxBl => ->.
  by rewrite subrr inner0r mulr0.
rewrite negb_forall => /existsP[i]; rewrite negb_imply => /andP[pi fi].
have fi0 : 0 < p i * inner ((U *m W - V) *m x i) ((U *m W - V) *m x i).
  by rewrite mulr_gt0 // inner_gt0 // mulmxBl subr_eq0.
by rewrite ltr_addr /scalar_mean (bigD1 i) //= ltr_paddr // sumr_ge0.
Qed.

(* At a global minimum every sample has g = 2(f − y) = −2ε. *)
Lemma gradient_at_minimum : (forall i, U *m W *m x i = V *m x i) ->
  forall s, 2%:R *: residual s = - 2%:R *: eps s.2.
Proof.
move=> min s; rewrite /residual /target min opprD addrA subrr add0r.
by rewrite scalerN scaleNr.
Qed.

Let gx (s : I * J) := x s.1.
Let ge (s : I * J) : 'cV[F]_dy := - 2%:R *: eps s.2.

Lemma mean_outer_at_minimum : mean_outer joint gx ge = 0.
Proof.
rewrite /mean_outer /mean.
rewrite -(pair_bigA _ (fun i j => joint (i, j) *: (ge (i, j) *m (gx (i, j))^T))) /=.
apply: big1 => i _.
transitivity ((p i *: (- 2%:R *: mean q eps)) *m (x i)^T); last first.
  by rewrite eps0 !scaler0 mul0mx.
rewrite /mean !scaler_sumr mulmx_suml; apply: eq_bigr => j _.
rewrite /joint /ge /gx /= -!scalemxAl !scalerA; congr (_ *: _); ring.
Qed.

(* The mean gradient vanishes at every global minimum: gradient descent stays there,
   balanced or not. *)
Theorem C3_gradient_descent_stays :
  mean joint (fun s => gradient U W (gx s) (ge s)) = 0.
Proof.
rewrite mean_gradient mean_outer_at_minimum mul0mx mulmx0 /parameters.
by rewrite !linear0 col_mx0.
Qed.

Theorem C3_Gamma_W : Gamma_W joint gx ge = (4%:R * \tr Sigma_eps) *: Sigma_x.
Proof.
rewrite /Gamma_W mean_outer_at_minimum mulmx0 subr0 -trace_second_moment.
transitivity (mean joint (fun s => (4%:R * inner (eps s.2) (eps s.2)) *: (x s.1 *m (x s.1)^T))).
  by apply: eq_mean => s; rewrite /ge innerZl innerZr; congr (_ *: _); ring.
rewrite (mean_joint (fun j => 4%:R * inner (eps j) (eps j)) (fun i => x i *m (x i)^T)).
congr (_ *: _).
by rewrite /scalar_mean mulr_sumr; apply: eq_bigr => j _; rewrite mulrCA.
Qed.

Theorem C3_Gamma_U : Gamma_U joint gx ge = (4%:R * \tr Sigma_x) *: Sigma_eps.
Proof.
rewrite /Gamma_U mean_outer_at_minimum mul0mx subr0 -trace_second_moment.
transitivity (mean joint (fun s => (4%:R * inner (x s.1) (x s.1)) *: (eps s.2 *m (eps s.2)^T))).
  apply: eq_mean => s; rewrite /ge linearZ /= -scalemxAl -scalemxAr !scalerA.
  by congr (_ *: _); rewrite /gx; ring.
rewrite (mean_joint' (fun i => 4%:R * inner (x i) (x i)) (fun j => eps j *m (eps j)^T)).
congr (_ *: _).
by rewrite /scalar_mean mulr_sumr; apply: eq_bigr => j _; rewrite mulrCA.
Qed.

(* Balance at γ = 0, for every symmetric direction. *)
Theorem C3_balance sigmasq : sigmasq != 0 ->
  (forall S, symmetric S -> balance joint gx ge 0 sigmasq U W S = 0) <->
  \tr Sigma_eps *: (W *m Sigma_x *m W^T) = \tr Sigma_x *: (U^T *m Sigma_eps *m U).
Proof.
move=> s0.
have s4 : sigmasq * 4%:R != 0 by rewrite mulf_neq0 // pnatr_eq0.
have ME : M_side joint gx ge 0 sigmasq U =
    (sigmasq * 4%:R) *: (\tr Sigma_x *: (U^T *m Sigma_eps *m U)).
  rewrite /M_side C3_Gamma_U mulr0 raddf0 add0r !scalerA !mulrA.
  by rewrite -scalemxAr -scalemxAl.
have NE : N_side joint gx ge 0 sigmasq W =
    (sigmasq * 4%:R) *: (\tr Sigma_eps *: (W *m Sigma_x *m W^T)).
  rewrite /N_side C3_Gamma_W mulr0 raddf0 add0r !scalerA !mulrA.
  by rewrite -scalemxAr -scalemxAl.
split=> [/T17_balance_iff|eq]; last by apply/T17_balance_iff; rewrite ME NE eq.
by rewrite ME NE => /(scalerI s4).
Qed.

End Balance.
End Factorisation.
