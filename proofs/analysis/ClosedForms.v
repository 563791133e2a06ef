(** Closed forms of the equilibrium: C1 (rescaling) and C2 (scaling). *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

(** ** C1: rescaling *)

(** Σ f over the terms with rate r. *)
Definition sum_at_rate (r : R) (f : term -> R) (s : spectrum) : R :=
  sum (fun k => if Req_EM_T (rate k) r then f k else 0) s.

Section C1.
Variables (γ σ2 : R) (s : spectrum).
Hypothesis rates : forall k, In k s -> rate k = 1 \/ rate k = -1 \/ rate k = 0.

Local Notation a_plus := (sum_at_rate 1 noise s).
Local Notation a_minus := (sum_at_rate (-1) noise s).
Local Notation c_plus := (sum_at_rate 1 charge s).
Local Notation c_minus := (sum_at_rate (-1) charge s).

Lemma C1_balance λ :
  balance γ σ2 s λ =
  exp (-2 * λ) * (2 * σ2 * a_plus + 4 * γ * c_minus)
  - exp (2 * λ) * (2 * σ2 * a_minus + 4 * γ * c_plus).
Proof.
  unfold balance, sum_at_rate.
  transitivity (sum (fun k =>
      (exp (-2 * λ) * (2 * σ2) * (if Req_EM_T (rate k) 1 then noise k else 0)
       + exp (-2 * λ) * (4 * γ) * (if Req_EM_T (rate k) (-1) then charge k else 0))
      + (- exp (2 * λ) * (2 * σ2) * (if Req_EM_T (rate k) (-1) then noise k else 0)
         + - exp (2 * λ) * (4 * γ) * (if Req_EM_T (rate k) 1 then charge k else 0))) s).
  - apply sum_ext. intros k Hk.
    destruct (Req_EM_T (rate k) 1) as [E|E], (Req_EM_T (rate k) (-1)) as [E'|E'];
      destruct (rates k Hk) as [F|[F|F]]; try lra; rewrite F.
    + replace (-2 * 1 * λ) with (-2 * λ) by ring. replace (2 * 1 * λ) with (2 * λ) by ring. ring.
    + replace (-2 * -1 * λ) with (2 * λ) by ring. replace (2 * -1 * λ) with (-2 * λ) by ring. ring.
    + ring.
  - rewrite !sum_plus, !sum_scal. ring.
Qed.

Hypothesis up : 0 < 2 * γ * c_minus + σ2 * a_plus.
Hypothesis down : 0 < 2 * γ * c_plus + σ2 * a_minus.

(** x = e^{4λ*} is the root of (2γc₊ + σ²a₋) x = 2γc₋ + σ²a₊. *)
Theorem C1_rescaling λ :
  balance γ σ2 s λ = 0 <->
  (2 * γ * c_plus + σ2 * a_minus) * exp (4 * λ) = 2 * γ * c_minus + σ2 * a_plus.
Proof.
  rewrite C1_balance.
  set (P := 2 * γ * c_minus + σ2 * a_plus) in *. set (Q := 2 * γ * c_plus + σ2 * a_minus) in *.
  replace (2 * σ2 * a_plus + 4 * γ * c_minus) with (2 * P) by (unfold P; ring).
  replace (2 * σ2 * a_minus + 4 * γ * c_plus) with (2 * Q) by (unfold Q; ring).
  pose proof (exp_pos (-2 * λ)) as He.
  assert (exp (2 * λ) = exp (-2 * λ) * exp (4 * λ)) as -> by (rewrite <- exp_plus; f_equal; ring).
  replace (exp (-2 * λ) * (2 * P) - exp (-2 * λ) * exp (4 * λ) * (2 * Q))
    with (2 * exp (-2 * λ) * (P - Q * exp (4 * λ))) by ring.
  split; intros H.
  - apply Rmult_integral in H. lra.
  - rewrite H. ring.
Qed.

Theorem C1_solution λ :
  balance γ σ2 s λ = 0 <->
  λ = / 4 * ln ((2 * γ * c_minus + σ2 * a_plus) / (2 * γ * c_plus + σ2 * a_minus)).
Proof.
  rewrite C1_rescaling.
  set (P := 2 * γ * c_minus + σ2 * a_plus) in *. set (Q := 2 * γ * c_plus + σ2 * a_minus) in *.
  split; intros H.
  - rewrite <- H. replace (Q * exp (4 * λ) / Q) with (exp (4 * λ)) by (field; lra).
    rewrite ln_exp. field.
  - rewrite H. replace (4 * (/ 4 * ln (P / Q))) with (ln (P / Q)) by field.
    rewrite exp_ln; [field; lra|]. now apply Rdiv_lt_0_compat.
Qed.

End C1.

(** At γ = 0, λ* = ¼ ln(a₊/a₋). *)
Theorem C1_without_decay σ2 s :
  (forall k, In k s -> rate k = 1 \/ rate k = -1 \/ rate k = 0) ->
  0 < σ2 -> 0 < sum_at_rate 1 noise s -> 0 < sum_at_rate (-1) noise s ->
  forall λ, balance 0 σ2 s λ = 0 <->
            λ = / 4 * ln (sum_at_rate 1 noise s / sum_at_rate (-1) noise s).
Proof.
  intros Hr Hσ Hp Hm λ.
  pose proof (Rmult_lt_0_compat _ _ Hσ Hp). pose proof (Rmult_lt_0_compat _ _ Hσ Hm).
  rewrite C1_solution by (auto; lra).
  replace ((2 * 0 * sum_at_rate (-1) charge s + σ2 * sum_at_rate 1 noise s)
           / (2 * 0 * sum_at_rate 1 charge s + σ2 * sum_at_rate (-1) noise s))
    with (sum_at_rate 1 noise s / sum_at_rate (-1) noise s) by (field; lra).
  easy.
Qed.

(** ** C2: scaling

    A = I: all rates are 1. θ_d is the normalised weight θ/‖θ‖ where ‖θ_d‖² = 1, and
    Tr Σ(θ/‖θ‖) is the trace of the noise there. *)

Section C2.
Variables (γ σ2 : R) (s : spectrum).
Hypothesis rates : forall k, In k s -> rate k = 1.

Lemma C2_norm λ : norm2_at s λ = sum charge s * exp (2 * λ).
Proof.
  unfold norm2_at. rewrite Rmult_comm, <- sum_scal. apply sum_ext. intros k Hk.
  rewrite (rates k Hk). replace (2 * 1 * λ) with (2 * λ) by ring. ring.
Qed.

Lemma C2_trace_noise λ : trace_noise_at s λ = sum noise s * exp (-2 * λ).
Proof.
  unfold trace_noise_at. rewrite Rmult_comm, <- sum_scal. apply sum_ext. intros k Hk.
  rewrite (rates k Hk). replace (-2 * 1 * λ) with (-2 * λ) by ring. ring.
Qed.

Lemma C2_charge λ : charge_at s λ = norm2_at s λ.
Proof.
  unfold charge_at, norm2_at. apply sum_ext. intros k Hk. rewrite (rates k Hk). ring.
Qed.

Lemma C2_noise_charge λ : noise_charge_at s λ = trace_noise_at s λ.
Proof.
  unfold noise_charge_at, trace_noise_at. apply sum_ext. intros k Hk. rewrite (rates k Hk). ring.
Qed.

(** Tr Σ(θ_λ) = Tr Σ(θ/‖θ‖) / ‖θ_λ‖² *)
Lemma C2_noise_at_norm d λ :
  norm2_at s d = 1 -> trace_noise_at s λ * norm2_at s λ = trace_noise_at s d.
Proof.
  intros H. transitivity (trace_noise_at s d * norm2_at s d); [|rewrite H; ring].
  rewrite !C2_norm, !C2_trace_noise.
  assert (forall x, exp (-2 * x) * exp (2 * x) = 1) as E.
  { intros x. rewrite <- exp_plus. replace (-2 * x + 2 * x) with 0 by ring. apply exp_0. }
  transitivity (sum noise s * sum charge s * (exp (-2 * λ) * exp (2 * λ))); [ring|].
  rewrite E, <- (E d). ring.
Qed.

(** ‖θ*‖⁴ = σ² Tr Σ(θ/‖θ‖) / (2γ) *)
Theorem C2_scaling d λ :
  0 < γ -> norm2_at s d = 1 ->
  (balance γ σ2 s λ = 0 <-> norm2_at s λ ^ 2 = σ2 * trace_noise_at s d / (2 * γ)).
Proof.
  intros Hγ Hd. rewrite <- (C2_noise_at_norm d λ Hd), balance_charges, C2_charge, C2_noise_charge.
  assert (0 < norm2_at s λ) as Hn.
  { rewrite C2_norm. apply Rmult_lt_0_compat; [|apply exp_pos].
    apply Rmult_lt_reg_r with (exp (2 * d)); [apply exp_pos|]. rewrite <- C2_norm, Hd. lra. }
  set (n := norm2_at s λ) in *. set (a := trace_noise_at s λ). split; intros H.
  - apply Rmult_eq_reg_r with (2 * γ); [|lra]. field_simplify; [|lra].
    replace (2 * n ^ 2 * γ) with (n * (2 * γ * n)) by ring.
    replace (2 * γ * n) with (σ2 * a) by lra. ring.
  - apply (f_equal (fun z => z * (4 * γ))) in H.
    replace (σ2 * (a * n) / (2 * γ) * (4 * γ)) with (n * (2 * σ2 * a)) in H by (field; lra).
    replace (n ^ 2 * (4 * γ)) with (n * (4 * γ * n)) in H by ring.
    apply Rmult_eq_reg_l in H; lra.
Qed.

End C2.

(** The norm in time. With n = ‖θ‖² and s(t) the noise at the normalised weight, T4 reads
    ṅ = −4γn + 2σ²s/n. Without decay d‖θ‖⁴/dt = 4σ²s ... *)
Theorem C2_fourth_power_rate (σ2 : R) (s n : R -> R) t :
  n t <> 0 -> is_derive n t (2 * σ2 * (s t / n t)) ->
  is_derive (fun t => n t ^ 2) t (4 * σ2 * s t).
Proof.
  intros Hn D. replace (4 * σ2 * s t) with (2 * σ2 * (s t / n t) * (INR 2 * n t ^ 1)).
  - apply (is_derive_pow n 2 t (2 * σ2 * (s t / n t))) in D.
    replace (2 * σ2 * (s t / n t) * (INR 2 * n t ^ 1))
      with (INR 2 * (2 * σ2 * (s t / n t)) * n t ^ Nat.pred 2); [easy|simpl; ring].
  - simpl. field. easy.
Qed.

(** ... so ‖θ(T)‖⁴ = ‖θ(0)‖⁴ + 4σ² ∫ s dt. *)
Theorem C2_growth (σ2 : R) (s n : R -> R) T :
  0 <= T ->
  (forall t, 0 <= t <= T -> n t <> 0 /\ continuous s t /\ is_derive n t (2 * σ2 * (s t / n t))) ->
  is_RInt (fun t => 4 * σ2 * s t) 0 T (n T ^ 2 - n 0 ^ 2).
Proof.
  intros HT H. apply (is_RInt_derive (fun t => n t ^ 2)).
  - intros t. rewrite Rmin_left, Rmax_right by easy. intros Ht. destruct (H t Ht) as [Hn [_ D]].
    now apply C2_fourth_power_rate.
  - intros t. rewrite Rmin_left, Rmax_right by easy. intros Ht. destruct (H t Ht) as [_ [C _]].
    apply (continuous_scal_r (4 * σ2) s). easy.
Qed.

(** With decay and s constant (one orbit), ‖θ(t)‖⁴ relaxes to ‖θ*‖⁴ exactly as e^{−8γt}. *)
Theorem C2_relaxation (γ σ2 s : R) (n : R -> R) T :
  0 <= T -> 0 < γ ->
  (forall t, 0 <= t <= T -> n t <> 0 /\ is_derive n t (- 4 * γ * n t + 2 * σ2 * (s / n t))) ->
  n T ^ 2 = σ2 * s / (2 * γ) + (n 0 ^ 2 - σ2 * s / (2 * γ)) * exp (- 8 * γ * T).
Proof.
  intros HT Hγ H. set (y := σ2 * s / (2 * γ)).
  assert ((n T ^ 2 - y) * exp (8 * γ * T) = (n 0 ^ 2 - y) * exp (8 * γ * 0)) as E.
  { apply (eq_of_derivative (fun t => (n t ^ 2 - y) * exp (8 * γ * t))); [easy|].
    intros t Ht. destruct (H t Ht) as [Hn D].
    evar_last.
    - apply (is_derive_mult (fun t => n t ^ 2 - y) (fun t => exp (8 * γ * t))).
      + apply (is_derive_minus (fun t => n t ^ 2) (fun _ => y)).
        * apply (is_derive_pow n 2). exact D.
        * apply is_derive_const.
      + auto_derive; [easy|reflexivity].
      + intros; apply Rmult_comm.
    - unfold plus, mult, minus, opp, zero, y; simpl. unfold plus; simpl. field. split; [lra|easy]. }
  rewrite Rmult_0_r, exp_0, Rmult_1_r in E.
  rewrite <- E, Rmult_assoc, <- exp_plus.
  replace (8 * γ * T + - 8 * γ * T) with 0 by ring. rewrite exp_0. ring.
Qed.
