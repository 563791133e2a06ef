(** From matrices over the reals to the spectrum. With A = Qᵀ diag(μ) Q and Q orthogonal, the matrices along the
    orbit θ_λ = e^{λA}θ, Σ(θ_λ) = e^{−λA}Σe^{−λA} have the balance function of the spectrum (μ_k, a_k, c_k),
    a_k = (QΣQᵀ)_kk and c_k = (Qθ)_k².

    algebra/Reduction.v has the same over every real closed field, and that every symmetric A is of this form. Coq's
    reals are no such field in mathcomp, so what leads to Balance.v is proved for them here. *)

From Coq Require Import Reals List Lra Lia PeanoNat.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

Section Matrices.
Variable d : nat.

(** Vectors and matrices are functions of the numbers 0 … d − 1. *)
Definition Σ (f : nat -> R) : R := sum f (seq 0 d).

Lemma Σ_ext f g : (forall i, (i < d)%nat -> f i = g i) -> Σ f = Σ g.
Proof. intros H. apply sum_ext. intros i Hi. apply in_seq in Hi. apply H. lia. Qed.

Lemma Σ_scal x f : Σ (fun i => x * f i) = x * Σ f.
Proof. apply sum_scal. Qed.

Lemma Σ_scal_r x f : Σ (fun i => f i * x) = Σ f * x.
Proof. rewrite Rmult_comm, <- Σ_scal. apply Σ_ext. intros; ring. Qed.

Lemma Σ_swap f : Σ (fun i => Σ (f i)) = Σ (fun j => Σ (fun i => f i j)).
Proof. apply sum_swap. Qed.

Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.

Lemma Σ_delta f i : (i < d)%nat -> Σ (fun j => delta i j * f j) = f i.
Proof.
  intros Hi. unfold Σ, delta.
  assert (forall l n, (n <= i < n + l)%nat ->
    sum (fun j => (if Nat.eqb i j then 1 else 0) * f j) (seq n l) = f i) as H; [|apply H; lia].
  assert (forall l n, (i < n)%nat -> sum (fun j => (if Nat.eqb i j then 1 else 0) * f j) (seq n l) = 0) as Z.
  { intros l n H. apply sum_zero. intros j Hj. apply in_seq in Hj.
    destruct (Nat.eqb_spec i j); [lia|ring]. }
  induction l as [|l IH]; intros n H; [lia|]. simpl. destruct (Nat.eqb_spec i n) as [->|N].
  - rewrite Z by lia. ring.
  - rewrite IH by lia. ring.
Qed.

Definition apply (M : nat -> nat -> R) (v : nat -> R) (i : nat) : R := Σ (fun j => M i j * v j).
Definition product (M N : nat -> nat -> R) (i j : nat) : R := Σ (fun k => M i k * N k j).
Definition dot (u v : nat -> R) : R := Σ (fun i => u i * v i).
Definition trace (M : nat -> nat -> R) : R := Σ (fun i => M i i).

Variables (Q : nat -> nat -> R) (μ : nat -> R).
Hypothesis rows : forall k l, (k < d)%nat -> (l < d)%nat -> Σ (fun i => Q k i * Q l i) = delta k l.
Hypothesis columns : forall i j, (i < d)%nat -> (j < d)%nat -> Σ (fun k => Q k i * Q k j) = delta i j.

(** Qᵀ diag(f) Q *)
Definition diagonalised (f : nat -> R) (i j : nat) : R := Σ (fun k => f k * (Q k i * Q k j)).

Definition generator : nat -> nat -> R := diagonalised μ.
Definition transport (λ : R) : nat -> nat -> R := diagonalised (fun k => exp (μ k * λ)).

Definition point_at (θ : nat -> R) (λ : R) : nat -> R := apply (transport λ) θ.
Definition noise_matrix_at (S : nat -> nat -> R) (λ : R) : nat -> nat -> R :=
  product (product (transport (- λ)) S) (transport (- λ)).

(** (Qv)_k and (QSQᵀ)_kk *)
Definition coordinate (v : nat -> R) (k : nat) : R := apply Q v k.
Definition power (S : nat -> nat -> R) (k : nat) : R := Σ (fun i => Q k i * Σ (fun j => S i j * Q k j)).

Definition spectrum_of (θ : nat -> R) (S : nat -> nat -> R) : spectrum :=
  map (fun k => Term (μ k) (power S k) (coordinate θ k ^ 2)) (seq 0 d).

Lemma spectrum_sum f θ S :
  sum f (spectrum_of θ S) = Σ (fun k => f (Term (μ k) (power S k) (coordinate θ k ^ 2))).
Proof. apply sum_map. Qed.

(** Q diag(f)-wise: what QᵀDQ does to a coordinate, a form and a trace. *)
Lemma apply_diagonalised f v i : apply (diagonalised f) v i = Σ (fun k => Q k i * (f k * coordinate v k)).
Proof.
  unfold apply, diagonalised, coordinate, apply.
  transitivity (Σ (fun j => Σ (fun k => f k * (Q k i * Q k j) * v j))).
  { apply Σ_ext. intros. symmetry. apply Σ_scal_r. }
  rewrite Σ_swap. apply Σ_ext. intros k _. rewrite <- !Σ_scal. apply Σ_ext. intros; ring.
Qed.

(** Qᵀ takes Q's coordinates back: QQᵀ = I. *)
Lemma coordinate_combination g k : (k < d)%nat -> coordinate (fun i => Σ (fun l => Q l i * g l)) k = g k.
Proof.
  intros Hk. unfold coordinate, apply.
  transitivity (Σ (fun l => Σ (fun i => Q k i * Q l i) * g l)).
  { transitivity (Σ (fun i => Σ (fun l => Q k i * (Q l i * g l)))).
    - apply Σ_ext. intros. symmetry. apply Σ_scal.
    - rewrite Σ_swap. apply Σ_ext. intros l _. rewrite <- Σ_scal_r. apply Σ_ext. intros; ring. }
  rewrite <- (Σ_delta g k Hk). apply Σ_ext. intros l Hl. now rewrite rows.
Qed.

Lemma coordinate_ext u v k : (forall i, (i < d)%nat -> u i = v i) -> coordinate u k = coordinate v k.
Proof. intros H. apply Σ_ext. intros i Hi. now rewrite H. Qed.

Lemma coordinate_diagonalised f v k :
  (k < d)%nat -> coordinate (apply (diagonalised f) v) k = f k * coordinate v k.
Proof.
  intros Hk. rewrite (coordinate_ext _ (fun i => Σ (fun l => Q l i * (f l * coordinate v l)))).
  - now apply (coordinate_combination (fun l => f l * coordinate v l)).
  - intros i _. apply apply_diagonalised.
Qed.

(** u·v = Qu·Qv, by QᵀQ = I. *)
Lemma dot_coordinates u v : dot u v = Σ (fun k => coordinate u k * coordinate v k).
Proof.
  unfold dot, coordinate, apply. symmetry.
  transitivity (Σ (fun i => u i * Σ (fun j => Σ (fun k => Q k i * Q k j) * v j))).
  - transitivity (Σ (fun k => Σ (fun i => u i * (Q k i * Σ (fun j => Q k j * v j))))).
    { apply Σ_ext. intros k _. rewrite <- Σ_scal_r. apply Σ_ext. intros; ring. }
    rewrite Σ_swap. apply Σ_ext. intros i _. rewrite Σ_scal. f_equal.
    transitivity (Σ (fun k => Σ (fun j => Q k i * (Q k j * v j)))).
    { apply Σ_ext. intros. symmetry. apply Σ_scal. }
    rewrite Σ_swap. apply Σ_ext. intros j _. rewrite <- Σ_scal_r. apply Σ_ext. intros; ring.
  - apply Σ_ext. intros i Hi. f_equal. rewrite <- (Σ_delta v i Hi). apply Σ_ext. intros j Hj.
    now rewrite columns.
Qed.

(** Tr[SQᵀDQ] = Σ f_k (QSQᵀ)_kk *)
Lemma trace_diagonalised f S : trace (product S (diagonalised f)) = Σ (fun k => f k * power S k).
Proof.
  unfold trace, product, diagonalised, power.
  transitivity (Σ (fun i => Σ (fun k => f k * (Q k i * Σ (fun j => S i j * Q k j))))).
  - apply Σ_ext. intros i _.
    transitivity (Σ (fun j => Σ (fun k => S i j * (f k * (Q k j * Q k i))))).
    { apply Σ_ext. intros. symmetry. apply Σ_scal. }
    rewrite Σ_swap. apply Σ_ext. intros k _. rewrite <- !Σ_scal. apply Σ_ext. intros; ring.
  - rewrite Σ_swap. apply Σ_ext. intros k _. apply Σ_scal.
Qed.

(** (QSQᵀ)_kk is a form at column k of Qᵀ, on which QᵀDQ acts as f_k. *)
Lemma row_diagonalised f k i : (k < d)%nat -> apply (diagonalised f) (Q k) i = f k * Q k i.
Proof.
  intros Hk. rewrite apply_diagonalised.
  transitivity (Σ (fun l => delta k l * (f l * Q l i))).
  - apply Σ_ext. intros l Hl. unfold coordinate, apply.
    replace (Σ (fun j => Q l j * Q k j)) with (delta k l); [ring|].
    rewrite <- rows by easy. apply Σ_ext. intros; ring.
  - apply (Σ_delta (fun l => f l * Q l i)). easy.
Qed.

Lemma power_noise S f k : (k < d)%nat ->
  power (product (product (diagonalised f) S) (diagonalised f)) k = f k ^ 2 * power S k.
Proof.
  intros Hk. unfold power.
  assert (forall M N v i, apply (product M N) v i = apply M (apply N v) i) as Assoc.
  { intros M N v i. unfold apply, product.
    transitivity (Σ (fun j => Σ (fun l => M i l * (N l j * v j)))).
    - apply Σ_ext. intros j _. rewrite <- Σ_scal_r. apply Σ_ext. intros; ring.
    - rewrite Σ_swap. apply Σ_ext. intros l _. apply Σ_scal. }
  set (E := diagonalised f).
  transitivity (Σ (fun i => Q k i * apply E (apply S (apply E (Q k))) i)).
  { apply Σ_ext. intros i _. f_equal. fold (apply (product (product E S) E) (Q k) i).
    now rewrite !Assoc. }
  (* E moves to the left, where it acts on Q_k, too. *)
  transitivity (f k * Σ (fun i => Q k i * apply S (apply E (Q k)) i)).
  { exact (coordinate_diagonalised f (apply S (apply E (Q k))) k Hk). }
  rewrite <- !Σ_scal. apply Σ_ext. intros i Hi.
  transitivity (f k * (Q k i * Σ (fun j => S i j * (f k * Q k j)))).
  { do 2 f_equal. apply Σ_ext. intros j _. unfold E. now rewrite row_diagonalised. }
  replace (Σ (fun j => S i j * (f k * Q k j))) with (f k * Σ (fun j => S i j * Q k j)); [ring|].
  rewrite <- Σ_scal. apply Σ_ext. intros; ring.
Qed.

Lemma exp_square x y : exp (x * y) ^ 2 = exp (2 * x * y).
Proof. simpl. rewrite Rmult_1_r, <- exp_plus. f_equal. ring. Qed.

(** The spectrum at θ_d with the noise there is the displaced spectrum. *)
Theorem T12_displaced θ S (x : R) :
  spectrum_of (point_at θ x) (noise_matrix_at S x) = displace x (spectrum_of θ S).
Proof.
  unfold spectrum_of, displace. rewrite map_map. apply map_ext_in. intros k Hk. apply in_seq in Hk.
  simpl rate. simpl noise. simpl charge. f_equal.
  - unfold noise_matrix_at, transport. rewrite power_noise, exp_square by lia.
    rewrite Rmult_comm. do 2 f_equal. ring.
  - unfold point_at, transport. rewrite coordinate_diagonalised, Rpow_mult_distr, exp_square by lia. ring.
Qed.

(** G(λ) = −4γθ_λᵀAθ_λ + 2σ²Tr[Σ(θ_λ)A] *)
Theorem T7_balance_of_matrices γ σ2 θ S λ :
  - 4 * γ * dot (point_at θ λ) (apply generator (point_at θ λ))
    + 2 * σ2 * trace (product (noise_matrix_at S λ) generator) =
  balance γ σ2 (spectrum_of θ S) λ.
Proof.
  rewrite <- (Rplus_0_l λ), <- T12_balance, <- T12_displaced, Rplus_0_l, balance_charges.
  unfold charge_at, noise_charge_at. rewrite !spectrum_sum. simpl rate. simpl noise. simpl charge.
  f_equal; f_equal.
  - rewrite dot_coordinates. apply Σ_ext. intros k Hk. unfold generator.
    rewrite coordinate_diagonalised by easy. rewrite Rmult_0_r, exp_0. ring.
  - unfold generator. rewrite trace_diagonalised. apply Σ_ext. intros k _. rewrite Rmult_0_r, exp_0. ring.
Qed.

(** Φ(λ) = 2γ‖θ_λ‖² + σ²Tr Σ(θ_λ) *)
Theorem T7_potential_of_matrices γ σ2 θ S λ :
  2 * γ * dot (point_at θ λ) (point_at θ λ) + σ2 * trace (noise_matrix_at S λ) =
  potential γ σ2 (spectrum_of θ S) λ.
Proof.
  assert (potential γ σ2 (spectrum_of θ S) λ = potential γ σ2 (displace λ (spectrum_of θ S)) 0) as ->.
  { unfold potential, displace. rewrite sum_map. apply sum_ext. intros k _. simpl.
    rewrite !Rmult_0_r, exp_0. ring. }
  rewrite <- T12_displaced, potential_norms.
  unfold norm2_at, trace_noise_at. rewrite !spectrum_sum. simpl rate. simpl noise. simpl charge.
  f_equal; f_equal.
  - rewrite dot_coordinates. apply Σ_ext. intros k Hk. rewrite Rmult_0_r, exp_0. ring.
  - transitivity (trace (product (noise_matrix_at S λ) (diagonalised (fun _ => 1)))).
    + unfold trace. apply Σ_ext. intros i Hi. unfold product.
      rewrite <- (Σ_delta (fun j => noise_matrix_at S λ i j) i Hi). apply Σ_ext. intros j Hj.
      rewrite <- columns by easy. unfold diagonalised. rewrite Rmult_comm. f_equal.
      apply Σ_ext. intros; ring.
    + rewrite trace_diagonalised. apply Σ_ext. intros k _. rewrite Rmult_0_r, exp_0. ring.
Qed.

(** ‖Aθ_λ‖² *)
Theorem T10_speed_of_matrices θ S λ :
  dot (apply generator (point_at θ λ)) (apply generator (point_at θ λ)) = speed2_at (spectrum_of θ S) λ.
Proof.
  unfold speed2_at. rewrite dot_coordinates, spectrum_sum. apply Σ_ext. intros k Hk. simpl rate. simpl charge.
  unfold generator, point_at, transport. rewrite !coordinate_diagonalised by easy.
  replace (2 * μ k * λ) with (μ k * λ + μ k * λ) by ring. rewrite exp_plus. ring.
Qed.

(** The spectrum is admissible for noise that is positive semidefinite: T7 to T14 hold. *)
Theorem T7_admissible γ σ2 θ S :
  0 <= γ -> 0 <= σ2 -> (forall v, 0 <= dot v (apply S v)) -> admissible γ σ2 (spectrum_of θ S).
Proof.
  intros Hγ Hσ HS. repeat split; auto; apply in_map_iff in H as [q [<- _]]; simpl noise; simpl charge.
  - exact (HS (Q q)).
  - apply pow2_ge_0.
Qed.

End Matrices.
