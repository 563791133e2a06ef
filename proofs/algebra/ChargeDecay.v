(* T3 over the real numbers: along gradient flow C(t) = C(0)e^{−4γt}. Coordinates are
   numbered 0 … n; vectors are functions of the number. The flow is followed from 0 to T
   only: gradient flow need not exist for all times, least of all in the past. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Sum.
Local Open Scope R_scope.

Section ChargeDecay.
Variables (n : nat) (A : nat -> nat -> R) (gamma T : R).
Variables (theta gradient : nat -> R -> R).

Definition sum (f : nat -> R) : R := sum_n f n.

(* C = θᵀAθ at time t. *)
Definition charge_at (t : R) : R :=
  sum (fun i => sum (fun j => theta i t * A i j * theta j t)).

Hypothesis symmetric : forall i j, A i j = A j i.

(* θ̇ = −(∇L + 2γθ) *)
Hypothesis flow : forall i t, (i <= n)%nat -> 0 <= t <= T ->
  is_derive (theta i) t (- (gradient i t + 2 * gamma * theta i t)).

(* T1: ∇L·Aθ = 0. *)
Hypothesis T1 : forall t, 0 <= t <= T ->
  sum (fun i => sum (fun j => gradient i t * A i j * theta j t)) = 0.

Lemma sum_linear (a b : R) (u v : nat -> R) :
  sum (fun i => a * u i + b * v i) = a * sum u + b * sum v.
Proof.
  unfold sum.
  rewrite (sum_n_plus (fun i => a * u i) (fun i => b * v i)).
  rewrite (sum_n_mult_l a u), (sum_n_mult_l b v); reflexivity.
Qed.

Lemma sum_ext (u v : nat -> R) : (forall i, u i = v i) -> sum u = sum v.
Proof. exact (sum_n_ext u v n). Qed.

Lemma charge_derivative (t : R) : 0 <= t <= T ->
  is_derive charge_at t (- 4 * gamma * charge_at t).
Proof.
  intros Ht.
  set (v := fun i => - (gradient i t + 2 * gamma * theta i t)).
  assert (D : is_derive charge_at t
    (sum (fun i => sum (fun j => v i * A i j * theta j t + theta i t * A i j * v j)))).
  { unfold charge_at, sum.
    apply (is_derive_sum_n
      (fun i s => sum_n (fun j => theta i s * A i j * theta j s) n)); intros i Hi.
    apply (is_derive_sum_n (fun j s => theta i s * A i j * theta j s)); intros j Hj.
    pose proof (flow i t Hi Ht) as fi; pose proof (flow j t Hj Ht) as fj.
    fold (v i) in fi; fold (v j) in fj.
    replace (v i * A i j * theta j t + theta i t * A i j * v j) with
      (plus (mult (mult (v i) (A i j)) (theta j t)) (mult (mult (theta i t) (A i j)) (v j)))
      by reflexivity.
    apply (is_derive_mult (fun s => theta i s * A i j) (theta j) t); [|exact fj|].
    - apply (is_derive_ext (fun s => scal (A i j) (theta i s))).
      { intros s; unfold scal; simpl; unfold mult; simpl; ring. }
      replace (mult (v i) (A i j)) with (scal (A i j) (v i))
        by (unfold scal; simpl; unfold mult; simpl; ring).
      apply is_derive_scal; exact fi.
    - intros a b; unfold mult; simpl; ring. }
  replace (- 4 * gamma * charge_at t) with
    (sum (fun i => sum (fun j => v i * A i j * theta j t + theta i t * A i j * v j)));
    [exact D|].
  set (half := sum (fun i => sum (fun j => v i * A i j * theta j t))).
  assert (H : half = - 2 * gamma * charge_at t).
  { replace (- 2 * gamma * charge_at t) with
      (- 1 * sum (fun i => sum (fun j => gradient i t * A i j * theta j t))
       + - 2 * gamma * charge_at t) by (rewrite (T1 t Ht); ring).
    unfold charge_at; rewrite <- sum_linear; apply sum_ext; intros i.
    rewrite <- sum_linear; apply sum_ext; intros j; unfold v; ring. }
  assert (H' : sum (fun i => sum (fun j => theta i t * A i j * v j)) = half).
  { transitivity (sum (fun j => sum (fun i => theta i t * A i j * v j))).
    { exact (sum_n_switch (fun i j => theta i t * A i j * v j) n n). }
    apply sum_ext; intros i; apply sum_ext; intros j; rewrite (symmetric j i); ring. }
  transitivity (1 * half + 1 * half); [|rewrite H; ring].
  rewrite <- H' at 2; unfold half; rewrite <- sum_linear; apply sum_ext; intros i.
  rewrite <- sum_linear; apply sum_ext; intros j; ring.
Qed.

Theorem T3_charge_decay : 0 <= T -> charge_at T = charge_at 0 * exp (- 4 * gamma * T).
Proof.
  intros HT.
  assert (E : charge_at T * exp (4 * gamma * T) = charge_at 0 * exp (4 * gamma * 0)).
  { apply (Sum.eq_of_derivative (fun s => charge_at s * exp (4 * gamma * s))); [exact HT|].
    intros s Hs.
    replace 0 with (plus (mult (- 4 * gamma * charge_at s) (exp (4 * gamma * s)))
                         (mult (charge_at s) (4 * gamma * exp (4 * gamma * s))))
      by (unfold plus, mult; simpl; ring).
    apply (is_derive_mult charge_at (fun s => exp (4 * gamma * s))).
    - apply charge_derivative; exact Hs.
    - auto_derive; [exact I|ring].
    - intros a b; unfold mult; simpl; ring. }
  rewrite Rmult_0_r, exp_0, Rmult_1_r in E; rewrite <- E.
  rewrite Rmult_assoc, <- exp_plus.
  replace (4 * gamma * T + - 4 * gamma * T) with 0 by ring.
  rewrite exp_0; ring.
Qed.

(* Conserved at γ = 0. *)
Theorem T3_charge_conserved : 0 <= T -> gamma = 0 -> charge_at T = charge_at 0.
Proof.
  intros HT g0; rewrite T3_charge_decay, g0 by exact HT.
  replace (- 4 * 0 * T) with 0 by ring; rewrite exp_0; ring.
Qed.

End ChargeDecay.
