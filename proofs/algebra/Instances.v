(* That what is assumed of matrices can be true: an instance for every notion, and for every
   section's hypotheses one of its theorems applied to something. Most of them are about the
   loss xy, which (x, y) ↦ (e^λ x, e^−λ y) leaves unchanged, over Coq's reals. *)
From mathcomp Require Import all_ssreflect all_algebra Rstruct ring.
From Coq Require Reals.
From NoiseEquilibrium.algebra Require Import Form Derivative Symmetry Spectral Exponential
  Charge DiscreteLaw LayerPair GeometricMean Factorisation DeepLinear SingularValues
  Semidefinite Reduction RealNumbers.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import GRing.Theory Order.TTheory Num.Theory.
Local Open Scope ring_scope.
Local Notation R := Rdefinitions.R.
Local Notation exp := Rtrigo_def.exp.

(* The loss xy, its symmetry, and its gradient (y, x). *)
Definition rates : 'rV[R]_2 := \row_i (if i == 0 then 1 else - 1).
Definition stretches : R -> 'M[R]_2 := spectral_exponential exp 1%:M rates.
Definition stretch_generator : 'M[R]_2 := 1%:M^T *m diag_mx rates *m 1%:M.
Definition product_loss (_ : unit) (theta : 'cV[R]_2) : R := theta 0 0 * theta 1 0.
Definition swap : 'M[R]_2 := \matrix_(i, j) (i != j)%:R.
Definition start : 'cV[R]_2 := \col_i (if i == 0 then 1 else 2%:R).

Example orthogonal_one : orthogonal (1%:M : 'M[R]_2).
Proof. by rewrite /orthogonal trmx1 mulmx1. Qed.

Example symmetric_generator : symmetric stretch_generator.
Proof. by rewrite /symmetric /stretch_generator !trmx_mul trmxK tr_diag_mx mulmxA. Qed.

Example exponential_stretches : exponential stretch_generator stretches.
Proof. exact: spectral_exponentialP orthogonal_one exp_like_exp. Qed.

Lemma stretchE s (theta : 'cV[R]_2) i : (stretches s *m theta) i 0 = exp (s * rates 0 i) * theta i 0.
Proof.
by rewrite /stretches /spectral_exponential trmx1 mul1mx mulmx1 mul_diag_mx !mxE.
Qed.

Example symmetry_of_product :
  exponential_symmetry product_loss stretches /\ invariant product_loss (stretches 1).
Proof.
have D1 : exponential_symmetry product_loss stretches.
  have [exp0 expD _] := exp_like_exp.
  move=> s [] theta; rewrite /product_loss !stretchE mulrACA -expD !mxE /=.
  by rewrite mulr1 mulrN1 subrr exp0 mul1r.
by split=> //; apply: D1.
Qed.

Lemma sum2 (f : 'I_2 -> R) : \sum_i f i = f 0 + f 1.
Proof. by rewrite !big_ord_recl big_ord0 addr0; congr (_ + f _); apply: val_inj. Qed.

Lemma swap0 (theta : 'cV[R]_2) : (swap *m theta) 0 0 = theta 1 0.
Proof. by rewrite mxE sum2 !mxE /= mul0r add0r mul1r. Qed.

Lemma swap1 (theta : 'cV[R]_2) : (swap *m theta) 1 0 = theta 0 0.
Proof. by rewrite mxE sum2 !mxE /= mul0r addr0 mul1r. Qed.

Example gradient_of_product : has_gradient (product_loss tt) start (swap *m start).
Proof.
move=> e e0; exists e => // h hr.
have -> : product_loss tt (start + h) - product_loss tt start - inner (swap *m start) h =
    h 0 0 * h 1 0.
  rewrite /product_loss innerE sum2 !big_ord1 swap0 swap1 mxE [X in _ * X]mxE.
  by move: (h _ _) (h _ _) (start _ _) (start _ _) => a b x y; ring.
have le i : `|h i 0| <= norm h by rewrite /norm (bigD1 i) //= ler_addl sumr_ge0.
by rewrite normrM; apply: ler_pmul => //; apply: le_trans (le 0) hr.
Qed.

Example gradient_moves :
  has_gradient (product_loss tt) (stretches 1 *m start) (stretches (- 1) *m (swap *m start)).
Proof.
have [D1 _] := symmetry_of_product.
exact: T2_gradient_on_orbit exponential_stretches D1 tt start _ 1 gradient_of_product.
Qed.

Lemma orthogonal_gradient : inner (swap *m start) (stretch_generator *m start) = 0.
Proof.
have [D1 _] := symmetry_of_product.
exact: T1_orthogonality exponential_stretches D1 gradient_of_product.
Qed.

Example jacobian_of_swap : has_jacobian (mulmx swap) start swap.
Proof.
move=> e e0; exists 1 => // h _.
by rewrite mulmxDr [swap *m _ + _]addrC addrK subrr norm0 mulr_ge0 ?norm_ge0 // ltW.
Qed.

Example velocity_of_stretches :
  has_velocity (fun s => stretches s *m start) 0 (stretch_generator *m start).
Proof. exact: exponential_velocity exponential_stretches start. Qed.

Example derivative_of_exp : @has_derivative [realFieldType of R] exp 0 1.
Proof. by have [] := exp_like_exp. Qed.

Example coordinates_move :
  coordinate2 1%:M (stretches 1 *m start) 1 = coordinate2 1%:M start 1 * exp (2%:R * rates 0 1 * 1).
Proof. exact: T2_coordinates orthogonal_one exp_like_exp start 1 1. Qed.

(* A step of gradient descent, and one with a batch of one of two samples. *)
Example one_step : charge stretch_generator (step 1 1 start (swap *m start)) =
  (1 - 2%:R * 1 * 1) ^+ 2 * charge stretch_generator start
    + 1 ^+ 2 * charge stretch_generator (swap *m start).
Proof. by apply: T5_discrete_law; [exact: symmetric_generator | exact: orthogonal_gradient]. Qed.

Definition batch : finType := [finType of {ffun 'I_1 -> 'I_2}].

Example one_batch (G := fun i : 'I_2 => (i.+1)%:R *: (swap *m start) : 'cV[R]_2)
    (weight := fun _ : 'I_2 => 2%:R^-1 : R) :
  #|batch|%:R^-1
    * (\sum_(b : batch) charge stretch_generator (step 1 1 start (batch_gradient G b))) =
  (1 - 2%:R * 1 * 1) ^+ 2 * charge stretch_generator start
    + 1 ^+ 2 * (\tr (covariance weight G *m stretch_generator) / 1%:R
                + charge stretch_generator (mean weight G)).
Proof.
apply: T5_mean_with_replacement => //; first exact: symmetric_generator.
by move=> i; rewrite innerZl orthogonal_gradient mulr0.
Qed.

(* Positive matrices. *)
Lemma positive_one n : positive_definite (1%:M : 'M[R]_n).
Proof.
split=> [|v v0]; first by rewrite /symmetric trmx1.
by rewrite mul1mx inner_gt0.
Qed.

Lemma semidefinite_one n : positive_semidefinite (1%:M : 'M[R]_n).
Proof.
split=> [|v]; first by rewrite /symmetric trmx1.
by rewrite mul1mx inner_ge0.
Qed.

Example positive_matrices : [/\ positive_definite (1%:M : 'M[R]_2),
  positive_semidefinite (1%:M : 'M[R]_2) & square_root (1%:M : 'M[R]_2) 1%:M].
Proof.
split; [exact: positive_one | exact: semidefinite_one |].
by split; [exact: positive_one | rewrite mulmx1].
Qed.

Example solution_one : solution (1%:M : 'M[R]_2) 1%:M 1%:M.
Proof. by split; [exact: positive_one | rewrite !mulmx1]. Qed.

Example minimiser_one : minimiser (1%:M : 'M[R]_2) 1%:M 1%:M.
Proof.
by apply/(T17_minimiser_iff (semidefinite_one 2) (semidefinite_one 2)); exact: solution_one.
Qed.

(* A pair of layers with decay and one sample. *)
Example balanced_layers (w := fun _ : unit => 1 : R) (x := fun _ : unit => const_mx 1 : 'cV[R]_2) :
  exists2 P, P \in unitmx & balanced w x x 1 0 (1%:M : 'M[R]_2) 1%:M P.
Proof.
have two : positive_definite ((2%:R * 1)%:M : 'M[R]_2).
  split=> [|v v0]; first by rewrite /symmetric tr_scalar_mx.
  by rewrite mul_scalar_mx innerZr mulr1 mulr_gt0 ?ltr0n // inner_gt0.
by apply: T17_balanced_exists; rewrite /M_side /N_side scale0r addr0 ?trmx1 mul1mx mulmx1.
Qed.

(* Inputs of one kind, and errors that are 1 and −1 with the same frequency. *)
Definition always (_ : unit) : R := 1.
Definition half (_ : bool) : R := 2%:R^-1.
Definition input (_ : unit) : 'cV[R]_1 := 1.
Definition error (b : bool) : 'cV[R]_1 := (-1) ^+ b.

Lemma always1 : \sum_i always i = 1.
Proof. by rewrite big_const card_unit /= /always addr0. Qed.

Lemma halves : 2%:R^-1 + 2%:R^-1 = 1 :> R.
Proof. by rewrite -[2%:R^-1]mul1r -splitr. Qed.

Lemma half1 : \sum_b half b = 1.
Proof. by rewrite big_bool; exact: halves. Qed.

Lemma error0 : mean half error = 0.
Proof. by rewrite /mean big_bool /half /error expr1 expr0 scalerN; exact: addNr. Qed.

Example loss_of_layers : training_loss always half input error 1 1 1 =
  scalar_mean always (fun i => inner ((1 *m 1 - 1) *m input i) ((1 *m 1 - 1) *m input i))
    + \tr (Sigma_eps half error).
Proof. by apply: C3_loss; [exact: always1 | exact: half1 | exact: error0]. Qed.

(* Two layers of width one, all of whose weights are 1. *)
Local Notation thin := (fun _ : nat => 1%N).
Definition ones (i : nat) : 'M[R]_(thin i.+1, thin i) := 1%:M.

Lemma path_ones i j : (i <= j)%N -> path (width := thin) ones i j = 1%:M.
Proof.
move=> /subnK <-.
by elim: (j - i)%N => [|k IH]; rewrite ?path_id // addSn path_last ?leq_addl // IH mulmx1.
Qed.

Example hidden_layer : balance (joint always half)
  (fun s => path (width := thin) ones 0 0 *m input s.1)
  (fun s => - 2%:R *: ((path (width := thin) ones 2 2)^T *m error s.2)) 0 1 (ones 1) (ones 0) 1%:M = 0.
Proof.
have [_ H] := C4_layer_balance (width := thin) (D := 2) ones always input error0 (i := 0) (sigmasq := 1)
  isT (oner_neq0 _).
apply: H; last by rewrite /symmetric trmx1.
rewrite /P_of /Q_of !path_ones // !trmx1 !mul1mx !mulmx1.
have -> : Sigma_x always input = 1%:M.
  rewrite /Sigma_x /mean (bigD1 tt) //= big1 => [|[] //].
  by rewrite addr0 /input scale1r trmx1 mulmx1.
have -> : Sigma_eps half error = 1%:M.
  rewrite /Sigma_eps /mean big_bool /half /error expr1 expr0 linearN /= mulNmx mulmxN opprK trmx1 mulmx1.
  by rewrite -scalerDl halves scale1r.
by [].
Qed.

Definition weights : Type := forall i : nat, 'M[R]_(thin i.+1, thin i).

Example deep_minimum : exists W : weights, path (width := thin) W 0 2 = 1%:M.
Proof.
have [||||W [WV _]] := @C4_exists [rcfType of R] thin 0 1%:M 1%:M 1%:M.
- exact: positive_one.
- exact: positive_one.
- exact: oner_neq0.
- by move=> i _; rewrite rank_leq_row.
by exists W.
Qed.
