(** That what is assumed of numbers and functions can be true: an instance for every notion, and for every section's
    hypotheses one of its theorems applied to something. The problem that most of them are about is one parameter that
    is rescaled (μ = 1, a = c = 1, γ = 1, σ² = 2) and is balanced where it stands. *)

From Coq Require Import Reals List Lra Lia Arith QArith.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium Dependence Relaxation ClosedForms
  Box Hull Torus Certificate CertificateExamples.
From NoiseEquilibrium.analysis Require Matrices.
From NoiseEquilibrium.algebra Require ChargeDecay.
Import ListNotations.
Local Open Scope R_scope.

(** ** The balance function *)

Definition rescaled : term := Term 1 1 1.
Local Notation s := [rescaled].

Example rescaled_problem :
  (admissible 1 2 s /\ nonnegative s /\ some_moving s) /\
  (pulls_up 1 2 rescaled /\ pulls_down 1 2 rescaled /\ live 1 2 rescaled) /\
  (some_up 1 2 s /\ some_down 1 2 s /\ some_live 1 2 s).
Proof.
  assert (pulls_up 1 2 rescaled) as U by (left; simpl; lra).
  assert (pulls_down 1 2 rescaled) as D by (right; simpl; lra).
  assert (live 1 2 rescaled) as L by (split; simpl; lra).
  assert (nonnegative s) as N by (intros k [<-|[]]; simpl; lra).
  assert (In rescaled s) as I by now left.
  assert (admissible 1 2 s) as A by (split; [lra|split; [lra|exact N]]).
  assert (some_moving s) as M by (exists rescaled; simpl; repeat split; auto; lra).
  refine (conj (conj A (conj N M)) (conj (conj U (conj D L)) _)). split; [|split]; now exists rescaled.
Qed.

Lemma rescaled_balance λ : balance 1 2 s λ = 4 * exp (-2 * λ) - 4 * exp (2 * λ).
Proof. unfold balance. simpl. rewrite !Rmult_1_r. ring. Qed.

Lemma rescaled_zero : balance 1 2 s 0 = 0.
Proof. rewrite rescaled_balance, !Rmult_0_r. ring. Qed.

Example rescaled_balances :
  (strictly_decreasing (balance 1 2 s) /\ nonincreasing (balance 1 2 s) /\ has_exactly_one_zero (balance 1 2 s)) /\
  (strictly_convex (potential 1 2 s) /\ convex (potential 1 2 s) /\ minimises (potential 1 2 s) 0) /\
  (strictly_increasing (charge_at s) /\ nondecreasing (charge_at s)).
Proof.
  destruct rescaled_problem as [[A [N M]] [_ [U [D L]]]]. repeat split.
  - now apply T7_strictly_decreasing_iff.
  - now apply T7_nonincreasing.
  - now apply T8_both_pull.
  - now apply T7_potential_strictly_convex_iff.
  - now apply T7_potential_convex.
  - apply (T8_zero_iff_minimiser 1 2 s A), rescaled_zero.
  - now apply T10_charge_strictly_increasing.
  - now apply T10_charge_nondecreasing.
Qed.

Example both_ways (l := [(1, 1); (-1, 1)]) :
  (weights_nonneg l /\ rises l /\ falls l /\ moves l) /\ strictly_increasing (slope l) /\ convex (exponential_sum l).
Proof.
  assert (weights_nonneg l) as W by (intros p [<-|[<-|[]]]; unfold weight; simpl; lra).
  assert (rises l) as U by (exists (1, 1); unfold exponent, weight; simpl; split; [auto|lra]).
  assert (falls l) as D by (exists (-1, 1); unfold exponent, weight; simpl; split; [auto|lra]).
  assert (moves l) as M by now left.
  repeat split; auto; [now apply slope_strictly_increasing|now apply exponential_sum_convex].
Qed.

(** ** Closed forms, families, relaxation *)

Example rescaled_solution : balance 1 2 s 0 = 0 <->
  0 = / 4 * ln ((2 * 1 * sum_at_rate (-1) charge s + 2 * sum_at_rate 1 noise s) /
                (2 * 1 * sum_at_rate 1 charge s + 2 * sum_at_rate (-1) noise s)).
Proof.
  apply C1_solution; [intros k [<-|[]]; now left| |];
    unfold sum_at_rate; simpl; destruct (Req_EM_T 1 1), (Req_EM_T 1 (-1)); lra.
Qed.

Example rescaled_norm : balance 1 2 s 0 = 0 <-> norm2_at s 0 ^ 2 = 2 * trace_noise_at s 0 / (2 * 1).
Proof.
  apply C2_scaling; [now intros k [<-|[]]|lra|].
  unfold norm2_at. simpl. rewrite Rmult_0_r, exp_0. ring.
Qed.

(** γ = ½ and σ² = e^{4t} are balanced at λ = t. *)
Example moving_equilibrium
  (γ := fun _ : R => / 2) (σ2 := fun t => exp (4 * t)) (m := [MovingTerm (fun _ => rescaled) 0 0 0]) :
  is_derive (fun t => t) 0 (- G_velocity γ σ2 0 4 m 0 0 / G'_at γ σ2 m 0 0).
Proof.
  apply (T11_derivative γ σ2 0 4 m 0).
  - intros t. unfold γ, σ2. pose proof (exp_pos (4 * t)). split; [lra|split; [lra|]].
    intros k [<-|[]]; simpl; lra.
  - unfold γ. auto_derive; easy.
  - unfold σ2. auto_derive; [easy|]. rewrite Rmult_0_r, exp_0. ring.
  - assert (forall a : R, is_derive (fun _ : R => a) 0 0) as C by (intros a; auto_derive; easy).
    intros k [<-|[]]. exact (conj (C 1) (conj (C 1) (C 1))).
  - intros t. unfold G_at, γ, σ2, balance. simpl.
    replace (exp (2 * 1 * t)) with (exp (4 * t) * exp (-2 * 1 * t)) by (rewrite <- exp_plus; f_equal; ring). field.
  - exists rescaled. unfold live, γ, σ2. simpl. rewrite Rmult_0_r, exp_0. split; [now left|lra].
Qed.

Example decay (δ := fun t => exp (- t)) : Rabs (δ 1) <= Rabs (δ 0) * exp (- (1) * 1).
Proof.
  apply (decays_at_least δ (fun t => - exp (- t))); [lra|..].
  - intros t _. unfold δ. auto_derive; [easy|ring].
  - intros t _. unfold δ. right. ring.
Qed.

(** e^{4λ} = 1 + e^{−8t} relaxes to the equilibrium. *)
Example relaxation (λ := fun t => / 4 * ln (1 + exp (-8 * t))) (ε := Rabs (λ 0 - 0)) :
  Rabs (λ 1 - 0) <= Rabs (λ 0 - 0) * exp (- relaxation_rate 1 2 s 0 * exp (- (4 * 1 * ε)) * 1).
Proof.
  destruct rescaled_problem as [[A [_ M]] [_ [_ [_ L]]]].
  refine (proj2 (T14_decay 1 2 s A M 1 _ 0 rescaled_zero λ ε 1 _ L _ _)); try (unfold ε; lra).
  - intros k [<-|[]]. simpl. rewrite Rabs_R1. lra.
  - intros t _. pose proof (exp_pos (-8 * t)) as P. unfold flow, speed2_at. rewrite rescaled_balance. simpl.
    set (x := λ t). pose proof (exp_pos (2 * x)) as X.
    assert (exp (2 * x) * exp (2 * x) = 1 + exp (-8 * t)) as E.
    { rewrite <- exp_plus. replace (2 * x + 2 * x) with (ln (1 + exp (-8 * t))) by (unfold x, λ; field).
      apply exp_ln. lra. }
    replace (exp (-2 * x)) with (/ exp (2 * x)) by (rewrite <- exp_Ropp; f_equal; ring).
    replace (2 * 1 * x) with (2 * x) by ring.
    unfold λ. auto_derive; [lra|]. rewrite <- E in *. 
    replace (exp (-8 * t)) with (exp (2 * x) * exp (2 * x) - 1) by (rewrite E; ring). field. lra.
Qed.

(** Gradient flow of the loss xy with decay; its charge is x² − y². *)
Example charge_decays
  (A := fun i j : nat => match i, j with O, O => 1 | S O, S O => -1 | _, _ => 0 end)
  (θ := fun i t => match i with O => (exp (-3 * t) + exp (- t)) / 2 | _ => (exp (-3 * t) - exp (- t)) / 2 end) :
  ChargeDecay.charge_at 1 A θ 1 = ChargeDecay.charge_at 1 A θ 0 * exp (-4 * 1 * 1).
Proof.
  apply (ChargeDecay.T3_charge_decay 1 A 1 1 θ (fun i => θ (1 - i)%nat)); [..|lra].
  - now intros [|[|i]] [|[|j]].
  - intros i t Hi _. destruct i as [|[|i]]; [| |lia]; unfold θ; simpl; auto_derive; trivial; field.
  - intros t _. unfold ChargeDecay.sum. rewrite !sum_Sn, !sum_O. unfold plus, A, θ. simpl. rewrite !sum_Sn, !sum_O.
    unfold plus. simpl. field.
Qed.

(** ** Matrices: a rotation with the columns (3/5, 4/5) and (−4/5, 3/5) *)

Example rotated
  (Q := fun k i => match k, i with O, O => 3 / 5 | O, _ => 4 / 5 | _, O => - 4 / 5 | _, _ => 3 / 5 end)
  (μ := fun k => match k with O => 1 | _ => -1 end) (θ := fun _ : nat => 1) (S := fun i j : nat => 1) :
  Matrices.spectrum_of 2 Q μ (Matrices.point_at 2 Q μ θ 1) (Matrices.noise_matrix_at 2 Q μ S 1) =
  displace 1 (Matrices.spectrum_of 2 Q μ θ S).
Proof.
  apply Matrices.T12_displaced; intros i j Hi Hj; unfold Matrices.Σ, Matrices.delta;
    destruct i as [|[|i]]; try lia; destruct j as [|[|j]]; try lia; simpl; field.
Qed.

(** ** Several symmetries *)

Example box : in_box 1 1 (fun _ => 1) /\ lipschitz_on_box 1 1 1 (fun x => x 0%nat).
Proof.
  split; [intros i _; rewrite Rabs_R1; lra|].
  intros x y _ _. unfold norm1. simpl. lra.
Qed.

Example segment (V := [fun _ => 1; fun _ => -1]) :
  positive_combination_of_zero 1 V /\ zero_in_relative_interior 1 V /\ in_hull 1 V origin.
Proof.
  assert (positive_combination_of_zero 1 V) as P.
  { exists [(fun _ => 1, 1); (fun _ => -1, 1)]. repeat split.
    - intros q [<-|[<-|[]]]; simpl; lra.
    - intros i _. simpl. ring. }
  assert (zero_in_relative_interior 1 V) as Z by now apply T16_relative_interior.
  repeat split; auto; apply Z.
Qed.

Example rescaled_jointly (t := [JointTerm (fun _ => 1) 1 1]) :
  joint_admissible 1 2 t /\ minimises_on (joint_potential 1 1 2 t) origin.
Proof.
  assert (joint_admissible 1 2 t) as A.
  { split; [lra|split; [lra|]]. intros k [<-|[]]; simpl; lra. }
  split; [exact A|]. apply T16_minimiser_iff_balanced; [exact A|].
  intros i _. assert (dot 1 (fun _ => 1) origin = 0) as E by (unfold dot, origin; simpl; ring).
  unfold joint_balance, sum, fold_right, t. cbn [rates joint_noise joint_charge]. rewrite E, !Rmult_0_r, exp_0. ring.
Qed.

Example joint_weights : weights_nonneg (along 1 [(fun _ => 1, 1)] origin origin).
Proof. apply along_nonneg. intros p [<-|[]]. simpl. lra. Qed.

(** ** Certificates *)

Example claim : status_claim balanced_at_start Finite_equilibrium.
Proof. exact (T8_status balanced_at_start eq_refl). Qed.
