(** Certificates: what has to be computed to prove where the equilibrium of a concrete problem lies.

    The problem is a list of rational terms with a rational γ and σ². Its status is decided in rational arithmetic;
    a finite λ* is enclosed by two signs of G, which the tactic [enclose] proves in interval arithmetic. *)

From Coq Require Import Reals List Lra QArith Qreals Bool.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Float.Specific_stdz Float.Specific_ops.
From Interval Require Tactic.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

(** ** Rational problems *)

Record rational_term : Type := RationalTerm { rational_rate : Q; rational_noise : Q; rational_charge : Q }.

Definition real_term (k : rational_term) : term :=
  Term (Q2R (rational_rate k)) (Q2R (rational_noise k)) (Q2R (rational_charge k)).

(** Weight decay γ, noise strength σ² and the terms. *)
Record problem : Type := Problem { decay : Q; strength : Q; terms : list rational_term }.

Definition problem_balance (p : problem) (λ : R) : R :=
  balance (Q2R (decay p)) (Q2R (strength p)) (map real_term (terms p)) λ.

Definition problem_potential (p : problem) (λ : R) : R :=
  potential (Q2R (decay p)) (Q2R (strength p)) (map real_term (terms p)) λ.

(** ** Decisions in rational arithmetic *)

Definition is_positive (q : Q) : bool := negb (Qle_bool q 0).
Definition is_negative (q : Q) : bool := negb (Qle_bool 0 q).

Definition well_posed (p : problem) : bool :=
  negb (is_negative (decay p)) && negb (is_negative (strength p)) &&
  forallb (fun k => negb (is_negative (rational_noise k)) && negb (is_negative (rational_charge k))) (terms p).

Definition term_pulls_up (p : problem) (k : rational_term) : bool :=
  (is_positive (rational_rate k) && is_positive (strength p * rational_noise k))
  || (is_negative (rational_rate k) && is_positive (decay p * rational_charge k)).

Definition term_pulls_down (p : problem) (k : rational_term) : bool :=
  (is_negative (rational_rate k) && is_positive (strength p * rational_noise k))
  || (is_positive (rational_rate k) && is_positive (decay p * rational_charge k)).

Inductive status : Type := Finite_equilibrium | Plus_infinity | Minus_infinity | Degenerate.

Definition status_of (p : problem) : status :=
  match existsb (term_pulls_up p) (terms p), existsb (term_pulls_down p) (terms p) with
  | true, true => Finite_equilibrium
  | true, false => Plus_infinity
  | false, true => Minus_infinity
  | false, false => Degenerate
  end.

Lemma Q2R_0 : Q2R 0 = 0.
Proof. unfold Q2R. simpl. lra. Qed.

Lemma is_positive_iff q : is_positive q = true <-> 0 < Q2R q.
Proof.
  unfold is_positive. rewrite negb_true_iff, <- not_true_iff_false, Qle_bool_iff, <- Q2R_0. split.
  - intros H. apply Qlt_Rlt. now apply Qnot_le_lt.
  - intros H E. apply Qle_Rle in E. lra.
Qed.

Lemma is_negative_iff q : is_negative q = true <-> Q2R q < 0.
Proof.
  unfold is_negative. rewrite negb_true_iff, <- not_true_iff_false, Qle_bool_iff, <- Q2R_0. split.
  - intros H. apply Qlt_Rlt. now apply Qnot_le_lt.
  - intros H E. apply Qle_Rle in E. lra.
Qed.

Lemma not_negative_iff q : negb (is_negative q) = true <-> 0 <= Q2R q.
Proof.
  rewrite negb_true_iff, <- not_true_iff_false, is_negative_iff. lra.
Qed.

Section Problem.
Variable p : problem.
Local Notation γ := (Q2R (decay p)).
Local Notation σ2 := (Q2R (strength p)).
Local Notation s := (map real_term (terms p)).
Local Notation G := (problem_balance p).

Lemma well_posed_admissible : well_posed p = true -> admissible γ σ2 s.
Proof.
  unfold well_posed. rewrite !andb_true_iff, !not_negative_iff, forallb_forall.
  intros [[Hγ Hσ] Hk]. repeat split; auto;
    apply in_map_iff in H; destruct H as [q [<- Hq]]; specialize (Hk q Hq);
    rewrite andb_true_iff, !not_negative_iff in Hk; simpl; tauto.
Qed.

Lemma term_pulls_up_iff k : term_pulls_up p k = true <-> pulls_up γ σ2 (real_term k).
Proof.
  unfold term_pulls_up, pulls_up.
  rewrite orb_true_iff, !andb_true_iff, !is_positive_iff, is_negative_iff, !Q2R_mult. reflexivity.
Qed.

Lemma term_pulls_down_iff k : term_pulls_down p k = true <-> pulls_down γ σ2 (real_term k).
Proof.
  unfold term_pulls_down, pulls_down.
  rewrite orb_true_iff, !andb_true_iff, !is_positive_iff, is_negative_iff, !Q2R_mult. reflexivity.
Qed.

Lemma some_term_iff (f : rational_term -> bool) (P : term -> Prop) :
  (forall k, f k = true <-> P (real_term k)) ->
  (existsb f (terms p) = true <-> exists k, In k s /\ P k).
Proof.
  intros H. rewrite existsb_exists. split.
  - intros [k [Hk Hf]]. exists (real_term k). split; [now apply in_map|]. now apply H.
  - intros [k [Hk HP]]. apply in_map_iff in Hk. destruct Hk as [q [<- Hq]]. exists q.
    split; [easy|]. now apply H.
Qed.

(** What each status says about G. *)
Definition status_claim (t : status) : Prop :=
  match t with
  | Finite_equilibrium => has_exactly_one_zero G
  | Plus_infinity => forall λ, 0 < G λ
  | Minus_infinity => forall λ, G λ < 0
  | Degenerate => forall λ, G λ = 0
  end.

(** The computed status is the true one ... *)
Theorem T8_status : well_posed p = true -> status_claim (status_of p).
Proof.
  intros W. apply well_posed_admissible in W. unfold status_of.
  pose proof (some_term_iff _ _ term_pulls_up_iff) as U. fold (some_up γ σ2 s) in U.
  pose proof (some_term_iff _ _ term_pulls_down_iff) as D. fold (some_down γ σ2 s) in D.
  destruct (existsb (term_pulls_up p) (terms p)), (existsb (term_pulls_down p) (terms p));
    unfold status_claim, problem_balance;
    [apply T8_both_pull|apply T8_only_up|apply T8_only_down|apply T8_neither]; intuition congruence.
Qed.

(** ... and no other is. *)
Theorem T8_status_exact t : well_posed p = true -> status_claim t -> status_of p = t.
Proof.
  intros W C. apply T8_status in W.
  destruct (status_of p), t; try easy; exfalso; simpl in *.
  - destruct W as [x [Hx _]]. pose proof (C x). lra.
  - destruct W as [x [Hx _]]. pose proof (C x). lra.
  - destruct W as [x [Hx Hu]]. pose proof (Hu (x + 1) (C (x + 1))). lra.
  - destruct C as [x [Hx _]]. pose proof (W x). lra.
  - pose proof (W 0). pose proof (C 0). lra.
  - pose proof (W 0). pose proof (C 0). lra.
  - destruct C as [x [Hx _]]. pose proof (W x). lra.
  - pose proof (W 0). pose proof (C 0). lra.
  - pose proof (W 0). pose proof (C 0). lra.
  - destruct C as [x [Hx Hu]]. pose proof (Hu (x + 1) (W (x + 1))). lra.
  - pose proof (W 0). pose proof (C 0). lra.
  - pose proof (W 0). pose proof (C 0). lra.
Qed.

(** λ* is the equilibrium: the only zero of G, and the only minimiser of Φ. *)
Definition is_equilibrium (λ_star : R) : Prop :=
  (forall λ, G λ = 0 <-> λ = λ_star) /\ (forall λ, minimises (problem_potential p) λ <-> λ = λ_star).

Definition equilibrium_between (lo hi : Q) : Prop :=
  exists λ_star, Q2R lo < λ_star < Q2R hi /\ is_equilibrium λ_star.

(** Two signs enclose it. *)
Theorem T8_enclosure lo hi :
  well_posed p = true -> 0 < G (Q2R lo) -> G (Q2R hi) < 0 -> equilibrium_between lo hi.
Proof.
  intros W Hlo Hhi. apply well_posed_admissible in W. unfold problem_balance in *.
  assert (some_live γ σ2 s) as L.
  { destruct (Classical_Prop.classic (some_live γ σ2 s)) as [L|N]; [easy|exfalso].
    rewrite balance_zero_unless_live in Hlo by easy. lra. }
  assert (some_up γ σ2 s /\ some_down γ σ2 s) as [U D].
  { split.
    - destruct (Classical_Prop.classic (some_up γ σ2 s)) as [U|N]; [easy|exfalso].
      apply some_live_iff in L. assert (balance γ σ2 s (Q2R lo) < 0) by (apply T8_only_down; tauto). lra.
    - destruct (Classical_Prop.classic (some_down γ σ2 s)) as [D|N]; [easy|exfalso].
      apply some_live_iff in L. assert (0 < balance γ σ2 s (Q2R hi)) by (apply T8_only_up; tauto). lra. }
  destruct (T8_both_pull_zero γ σ2 s W U D) as [x [Hx Hu]].
  exists x. split.
  - split; [apply (T8_signs γ σ2 s W x _ L Hx)|apply (T8_signs γ σ2 s W x _ L Hx)]; easy.
  - assert (forall λ, balance γ σ2 s λ = 0 <-> λ = x) as Z.
    { intros λ. split; [intros H; symmetry; now apply Hu|now intros ->]. }
    split; [exact Z|]. intros λ. unfold problem_potential.
    rewrite <- (T8_zero_iff_minimiser γ σ2 s W). apply Z.
Qed.

(** An equilibrium at the start, λ* = 0, is seen in rational arithmetic. *)
Definition balance_at_start : Q :=
  fold_right (fun k t => rational_rate k * (2 * strength p * rational_noise k
                                            - 4 * decay p * rational_charge k) + t)%Q 0%Q (terms p).

Lemma balance_at_start_correct : G 0 = Q2R balance_at_start.
Proof.
  unfold problem_balance, balance, balance_at_start.
  induction (terms p) as [|k l IH]; [simpl; now rewrite Q2R_0|].
  cbn [map sum fold_right]. unfold sum in IH. rewrite IH.
  rewrite Q2R_plus, Q2R_mult, Q2R_minus, !Q2R_mult. simpl rate; simpl noise; simpl charge.
  rewrite !Rmult_0_r, exp_0.
  replace (Q2R 2) with 2 by (unfold Q2R; simpl; lra). replace (Q2R 4) with 4 by (unfold Q2R; simpl; lra).
  ring.
Qed.

Theorem T8_equilibrium_at_start :
  well_posed p = true -> status_of p = Finite_equilibrium -> Qeq_bool balance_at_start 0 = true ->
  is_equilibrium 0.
Proof.
  intros W S H. pose proof (T8_status W) as C. rewrite S in C. destruct C as [x [Hx Hu]].
  assert (G 0 = 0) as Z.
  { rewrite balance_at_start_correct. apply Qeq_bool_iff in H. apply Qeq_eqR in H. now rewrite H, Q2R_0. }
  assert (x = 0) as -> by now apply Hu.
  assert (forall λ, G λ = 0 <-> λ = 0) as E.
  { intros λ. split; [intros K; symmetry; now apply Hu|now intros ->]. }
  split; [exact E|]. intros λ. unfold problem_potential.
  rewrite <- (T8_zero_iff_minimiser γ σ2 s (well_posed_admissible W)). apply E.
Qed.

End Problem.

(** ** Interval arithmetic *)

(** G with one exponential a term in place of two: e^{−2μλ} = 1/e^{2μλ}. *)
Definition balance_by_division (p : problem) (λ : R) : R :=
  sum (fun k => Q2R (rational_rate k) *
                (2 * Q2R (strength p) * Q2R (rational_noise k) / exp (2 * Q2R (rational_rate k) * λ)
                 - 4 * Q2R (decay p) * Q2R (rational_charge k) * exp (2 * Q2R (rational_rate k) * λ))) (terms p).

Lemma balance_by_division_correct p λ : problem_balance p λ = balance_by_division p λ.
Proof.
  unfold problem_balance, balance, balance_by_division. rewrite sum_map. apply sum_ext. intros k _.
  unfold Rdiv. rewrite <- exp_Ropp. simpl. do 4 f_equal. ring.
Qed.

(** A sign at a point is a sign on an interval that is a point: the tactic then meets the long fraction once. *)
Lemma positive_at p q : (forall λ, q <= λ <= q -> 0 < balance_by_division p λ) -> 0 < problem_balance p q.
Proof. intros H. rewrite balance_by_division_correct. apply H. lra. Qed.

Lemma negative_at p q : (forall λ, q <= λ <= q -> balance_by_division p λ < 0) -> problem_balance p q < 0.
Proof. intros H. rewrite balance_by_division_correct. apply H. lra. Qed.

Ltac expose_terms :=
  match goal with |- context [problem_balance ?p (Q2R ?q)] =>
    let r := eval vm_compute in q in change q with r; try unfold p
  end;
  first [apply positive_at | apply negative_at];
  let λ := fresh "λ" in let H := fresh "H" in
  intros λ H;
  cbv [balance_by_division sum fold_right terms decay strength
       rational_rate rational_noise rational_charge Q2R Qnum Qden] in *.

(** Interval arithmetic over the binary integers of the standard library. *)
Module Float := SpecificFloat StdZRadix2.
Module Enclose := Tactic.IntervalTactic Float.
Import Enclose.

(** Proves 0 < G(lo) or G(hi) < 0, computing with so many bits. *)
Ltac enclose_sign bits := expose_terms; interval with (Tactic.i_prec bits).

(** Proves [equilibrium_between]. *)
Ltac enclose bits := apply T8_enclosure; [vm_compute; reflexivity | enclose_sign bits | enclose_sign bits].

