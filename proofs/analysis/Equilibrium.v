(** The equilibrium λ* of one orbit: T8 with its exact criterion, T10, T12, T13, L3 and L4. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance.
Import ListNotations.
Local Open Scope R_scope.

(** ** T8: existence and uniqueness *)

Section T8.
Variables (γ σ2 : R) (s : spectrum).
Hypothesis Hs : admissible γ σ2 s.

Let W := exponentials_nonneg γ σ2 s Hs.
Local Notation G := (balance γ σ2 s).
Local Notation up := (some_up γ σ2 s).
Local Notation down := (some_down γ σ2 s).

Lemma T8_zero_unique x y : some_live γ σ2 s -> G x = 0 -> G y = 0 -> x = y.
Proof.
  intros L Hx Hy. destruct (Rtotal_order x y) as [H|[H|H]]; [exfalso|easy|exfalso];
    apply (balance_strictly_decreasing γ σ2 s Hs L) in H; lra.
Qed.

Lemma T8_both_pull_zero : up -> down -> has_exactly_one_zero G.
Proof.
  intros U D. destruct (slope_has_zero _ W) as [x Hx].
  - now apply some_down_iff_rises.
  - now apply some_up_iff_falls.
  - assert (G x = 0) as E by (rewrite balance_exponentials; lra).
    exists x. split; [easy|]. intros y Hy. apply T8_zero_unique; auto.
    apply some_live_iff. now left.
Qed.

Lemma T8_only_up_pos : up -> ~ down -> forall λ, 0 < G λ.
Proof.
  intros U D λ. rewrite balance_exponentials.
  assert (slope (exponentials γ σ2 s) λ < 0); [|lra].
  apply slope_neg_if_only_falls; auto; [now apply some_up_iff_falls|now rewrite <- some_down_iff_rises].
Qed.

Lemma T8_only_down_neg : down -> ~ up -> forall λ, G λ < 0.
Proof.
  intros D U λ. rewrite balance_exponentials.
  assert (0 < slope (exponentials γ σ2 s) λ); [|lra].
  apply slope_pos_if_only_rises; auto; [now apply some_down_iff_rises|now rewrite <- some_up_iff_falls].
Qed.

Lemma T8_neither_zero : ~ up -> ~ down -> forall λ, G λ = 0.
Proof.
  intros U D. apply balance_zero_unless_live; auto. rewrite some_live_iff. tauto.
Qed.

(** The four cases exclude each other and leave nothing out, so each implication is an equivalence. *)

Theorem T8_both_pull : up /\ down <-> has_exactly_one_zero G.
Proof.
  split; [intros [U D]; now apply T8_both_pull_zero|].
  intros [x [Hx Hu]].
  destruct (Classical_Prop.classic up) as [U|U], (Classical_Prop.classic down) as [D|D]; [easy|exfalso..].
  - pose proof (T8_only_up_pos U D x). lra.
  - pose proof (T8_only_down_neg D U x). lra.
  - pose proof (Hu (x + 1) (T8_neither_zero U D (x + 1))). lra.
Qed.

Theorem T8_only_up : up /\ ~ down <-> forall λ, 0 < G λ.
Proof.
  split; [intros [U D]; now apply T8_only_up_pos|].
  intros H.
  destruct (Classical_Prop.classic up) as [U|U], (Classical_Prop.classic down) as [D|D]; [exfalso|easy|exfalso..].
  - destruct (T8_both_pull_zero U D) as [x [Hx _]]. pose proof (H x). lra.
  - pose proof (T8_only_down_neg D U 0). pose proof (H 0). lra.
  - pose proof (T8_neither_zero U D 0). pose proof (H 0). lra.
Qed.

Theorem T8_only_down : down /\ ~ up <-> forall λ, G λ < 0.
Proof.
  split; [intros [D U]; now apply T8_only_down_neg|].
  intros H.
  destruct (Classical_Prop.classic up) as [U|U], (Classical_Prop.classic down) as [D|D]; [exfalso..|easy|exfalso].
  - destruct (T8_both_pull_zero U D) as [x [Hx _]]. pose proof (H x). lra.
  - pose proof (T8_only_up_pos U D 0). pose proof (H 0). lra.
  - pose proof (T8_neither_zero U D 0). pose proof (H 0). lra.
Qed.

Theorem T8_neither : ~ up /\ ~ down <-> forall λ, G λ = 0.
Proof.
  split; [intros [U D]; now apply T8_neither_zero|].
  intros H.
  destruct (Classical_Prop.classic up) as [U|U], (Classical_Prop.classic down) as [D|D]; [exfalso..|easy].
  - destruct (T8_both_pull_zero U D) as [x [_ Hx]].
    pose proof (Hx 0 (H 0)). pose proof (Hx 1 (H 1)). lra.
  - pose proof (T8_only_up_pos U D 0). pose proof (H 0). lra.
  - pose proof (T8_only_down_neg D U 0). pose proof (H 0). lra.
Qed.

(** The equilibria are the minimisers of Φ ... *)
Theorem T8_zero_iff_minimiser λ : G λ = 0 <-> minimises (potential γ σ2 s) λ.
Proof.
  rewrite balance_exponentials.
  assert (minimises (potential γ σ2 s) λ <-> minimises (exponential_sum (exponentials γ σ2 s)) λ) as ->.
  { unfold minimises. split; intros H y; specialize (H y);
      [rewrite <- !potential_exponentials|rewrite !potential_exponentials]; easy. }
  rewrite minimises_iff_slope_zero by auto. lra.
Qed.

(** ... of which there is exactly one precisely if both kinds pull. *)
Theorem T8_unique_minimiser : up /\ down <-> exists! λ, minimises (potential γ σ2 s) λ.
Proof.
  rewrite T8_both_pull. unfold has_exactly_one_zero. split; intros [x [Hx Hu]]; exists x; split.
  - now apply T8_zero_iff_minimiser.
  - intros y Hy. apply Hu. now apply T8_zero_iff_minimiser.
  - now apply T8_zero_iff_minimiser.
  - intros y Hy. apply Hu. now apply T8_zero_iff_minimiser.
Qed.

(** G is positive to the left of λ* and negative to the right. *)
Theorem T8_signs λ_star λ :
  some_live γ σ2 s -> G λ_star = 0 ->
  (0 < G λ <-> λ < λ_star) /\ (G λ < 0 <-> λ_star < λ).
Proof.
  intros L E. pose proof (balance_strictly_decreasing γ σ2 s Hs L) as M.
  destruct (Rtotal_order λ λ_star) as [H|[->|H]].
  - pose proof (M _ _ H). lra.
  - lra.
  - pose proof (M _ _ H). lra.
Qed.

(** ** T10: direction *)

Theorem T10_sign λ_star :
  some_live γ σ2 s -> G λ_star = 0 ->
  (0 < G 0 <-> 0 < λ_star) /\ (G 0 = 0 <-> λ_star = 0) /\ (G 0 < 0 <-> λ_star < 0).
Proof.
  intros L E. destruct (T8_signs λ_star 0 L E) as [P N].
  repeat split; try tauto.
  - intros Z. now apply T8_zero_unique.
  - intros ->. easy.
Qed.

(** With λ* = ±∞ included. *)
Theorem T10_sign_infinite : (up /\ ~ down -> 0 < G 0) /\ (down /\ ~ up -> G 0 < 0).
Proof. split; intros H; [now apply T8_only_up|now apply T8_only_down]. Qed.

End T8.

(** dC(θ_λ)/dλ = 2‖Aθ_λ‖² *)
Theorem T10_charge_derivative s λ : is_derive (charge_at s) λ (2 * speed2_at s λ).
Proof.
  unfold speed2_at. rewrite <- sum_scal.
  apply (is_derive_sum (fun k λ => rate k * charge k * exp (2 * rate k * λ))
                       (fun k λ => 2 * (rate k ^ 2 * charge k * exp (2 * rate k * λ)))).
  intros k _. auto_derive; [easy|ring].
Qed.

(** Some coordinate moves: Aθ ≠ 0. *)
Definition some_moving (s : spectrum) : Prop := exists k, In k s /\ rate k <> 0 /\ 0 < charge k.

(** C is minus the balance function at γ = ¼ without noise, so its growth is T7's. *)
Lemma charge_balance s λ : charge_at s λ = - balance (1/4) 0 s λ.
Proof. rewrite balance_charges. lra. Qed.

Lemma quarter_admissible s : nonnegative s -> admissible (1/4) 0 s.
Proof. intros H. repeat split; try lra; now apply H. Qed.

Theorem T10_charge_nondecreasing s : nonnegative s -> nondecreasing (charge_at s).
Proof.
  intros Hs x y H. rewrite !charge_balance. apply Ropp_le_contravar.
  now apply T7_nonincreasing; [apply quarter_admissible|].
Qed.

Theorem T10_charge_strictly_increasing s :
  nonnegative s -> some_moving s -> strictly_increasing (charge_at s).
Proof.
  intros Hs [k [Hk [Hr Hc]]] x y H. rewrite !charge_balance. apply Ropp_lt_contravar.
  apply balance_strictly_decreasing; auto using quarter_admissible.
  exists k. repeat split; auto. right. lra.
Qed.

Lemma speed2_nonneg s λ : nonnegative s -> 0 <= speed2_at s λ.
Proof.
  intros Hs. apply sum_nonneg. intros k Hk. destruct (Hs k Hk) as [_ Hc].
  apply Rmult_le_pos; [|left; apply exp_pos]. apply Rmult_le_pos; [apply pow2_ge_0|easy].
Qed.

Lemma speed2_pos s λ : nonnegative s -> some_moving s -> 0 < speed2_at s λ.
Proof.
  intros Hs [k [Hk [Hr Hc]]]. apply sum_pos.
  - intros q Hq. destruct (Hs q Hq) as [_ Hq'].
    apply Rmult_le_pos; [|left; apply exp_pos]. apply Rmult_le_pos; [apply pow2_ge_0|easy].
  - exists k. split; [easy|]. apply Rmult_lt_0_compat; [|apply exp_pos].
    apply Rmult_lt_0_compat; [|easy]. destruct (Rtotal_order (rate k) 0) as [?|[?|?]]; [nra|easy|nra].
Qed.

(** The charge always moves towards that of the equilibrium: Ċ = G(0) has the sign of C(θ* ) − C(θ). *)
Theorem T10_towards_equilibrium γ σ2 s λ_star :
  admissible γ σ2 s -> some_live γ σ2 s -> some_moving s -> balance γ σ2 s λ_star = 0 ->
  (0 < balance γ σ2 s 0 <-> charge_at s 0 < charge_at s λ_star) /\
  (balance γ σ2 s 0 < 0 <-> charge_at s λ_star < charge_at s 0).
Proof.
  intros Hs L M E. destruct (T10_sign γ σ2 s Hs λ_star L E) as [P [_ N]].
  pose proof (T10_charge_strictly_increasing s (proj2 (proj2 Hs)) M) as I.
  rewrite P, N.
  destruct (Rtotal_order 0 λ_star) as [H|[<-|H]].
  - pose proof (I _ _ H). lra.
  - lra.
  - pose proof (I _ _ H). lra.
Qed.

(** ** T12: initialisation independence *)

(** The spectrum at e^{dA}θ, by T2. *)
Definition displace (d : R) (s : spectrum) : spectrum :=
  map (fun k => Term (rate k) (noise k * exp (-2 * rate k * d)) (charge k * exp (2 * rate k * d))) s.

Theorem T12_balance γ σ2 s d λ : balance γ σ2 (displace d s) λ = balance γ σ2 s (λ + d).
Proof.
  unfold balance, displace. rewrite sum_map. apply sum_ext. intros k _. simpl.
  rewrite !Rmult_plus_distr_l, !exp_plus. ring.
Qed.

Theorem T12_zero γ σ2 s d λ_star :
  balance γ σ2 s λ_star = 0 <-> balance γ σ2 (displace d s) (λ_star - d) = 0.
Proof. rewrite T12_balance. now replace (λ_star - d + d) with λ_star by ring. Qed.

(** θ* is one point for the whole orbit: displaced by d and then by λ* − d, or by λ* at once. *)
Theorem T12_same_point s d λ_star : displace (λ_star - d) (displace d s) = displace λ_star s.
Proof.
  unfold displace. rewrite map_map. apply map_ext. intros k. simpl. f_equal;
    rewrite Rmult_assoc, <- exp_plus; do 2 f_equal; ring.
Qed.

Lemma displace_nonnegative d s : nonnegative s -> nonnegative (displace d s).
Proof.
  intros H k Hk. apply in_map_iff in Hk. destruct Hk as [q [<- Hq]]. simpl.
  destruct (H q Hq). split; apply Rmult_le_pos; auto; left; apply exp_pos.
Qed.

Lemma displace_admissible γ σ2 d s : admissible γ σ2 s -> admissible γ σ2 (displace d s).
Proof. intros [Hγ [Hσ Hs]]. repeat split; auto; now apply (displace_nonnegative d s Hs). Qed.

Lemma pos_iff_pos_exp x y : 0 < x * exp y <-> 0 < x.
Proof.
  pose proof (exp_pos y). split; intros P; [|now apply Rmult_lt_0_compat].
  apply Rmult_lt_reg_r with (exp y); lra.
Qed.

(** The status is that of the orbit, too. *)
Theorem T12_status γ σ2 s d :
  (some_up γ σ2 (displace d s) <-> some_up γ σ2 s) /\
  (some_down γ σ2 (displace d s) <-> some_down γ σ2 s).
Proof.
  assert (forall P Q : term -> Prop,
    (forall k, Q (Term (rate k) (noise k * exp (-2 * rate k * d)) (charge k * exp (2 * rate k * d))) <-> P k)
    -> ((exists k, In k (displace d s) /\ Q k) <-> (exists k, In k s /\ P k))) as E.
  { intros P Q H. split.
    - intros [k [Hk HQ]]. apply in_map_iff in Hk. destruct Hk as [q [<- Hq]].
      exists q. split; [easy|]. now apply H.
    - intros [k [Hk HP]]. eexists. split; [apply in_map_iff; exists k; eauto|]. now apply H. }
  split; apply E; intros k; unfold pulls_up, pulls_down; simpl;
    rewrite <- !Rmult_assoc, !pos_iff_pos_exp; tauto.
Qed.

(** ** T13: two classes of symmetry *)

(** At γ = 0 only noise pulls: λ* is finite exactly if there is live noise on rates of both signs. *)
Theorem T13_without_decay σ2 s :
  admissible 0 σ2 s ->
  (has_exactly_one_zero (balance 0 σ2 s) <->
   (exists k, In k s /\ 0 < rate k /\ 0 < σ2 * noise k) /\
   (exists k, In k s /\ rate k < 0 /\ 0 < σ2 * noise k)).
Proof.
  intros Hs. rewrite <- T8_both_pull by easy.
  unfold some_up, some_down, pulls_up, pulls_down. split.
  - intros [[k [Hk [H|[_ H]]]] [q [Hq [H'|[_ H']]]]]; try lra. split; eauto.
  - intros [[k [Hk H]] [q [Hq H']]]. split; eauto 6.
Qed.

(** With γ > 0 a scaling (all rates of one sign, here positive) with live noise and live charge settles. *)
Theorem T13_scaling_with_decay γ σ2 s :
  admissible γ σ2 s -> (forall k, In k s -> 0 <= rate k) ->
  (has_exactly_one_zero (balance γ σ2 s) <->
   (exists k, In k s /\ 0 < rate k /\ 0 < σ2 * noise k) /\
   (exists k, In k s /\ 0 < rate k /\ 0 < γ * charge k)).
Proof.
  intros Hs Hr. rewrite <- T8_both_pull by easy.
  unfold some_up, some_down, pulls_up, pulls_down. split.
  - intros [[k [Hk [H|[H _]]]] [q [Hq [[H' _]|H']]]];
      try (pose proof (Hr k Hk); lra); try (pose proof (Hr q Hq); lra). split; eauto.
  - intros [[k [Hk H]] [q [Hq H']]]. split; eauto 6.
Qed.

(** ** L3: uniqueness fails *)

(** G ≡ 0 exactly if σ²ΣA = 0 and γAθ = 0. *)
Theorem L3_degenerate_iff γ σ2 s :
  admissible γ σ2 s ->
  (forall λ, balance γ σ2 s λ = 0) <->
  (forall k, In k s -> rate k <> 0 -> σ2 * noise k = 0 /\ γ * charge k = 0).
Proof.
  intros Hs. rewrite <- T8_neither, <- T7_not_live_iff, some_live_iff by easy. tauto.
Qed.

(** Then every point of the orbit is an equilibrium, and if Aθ ≠ 0 no two of them are the same. *)
Theorem L3_not_unique γ σ2 s :
  admissible γ σ2 s ->
  (forall k, In k s -> rate k <> 0 -> σ2 * noise k = 0 /\ γ * charge k = 0) -> some_moving s ->
  forall x y, x <> y ->
  balance γ σ2 s x = 0 /\ balance γ σ2 s y = 0 /\ charge_at s x <> charge_at s y.
Proof.
  intros Hs H M x y Hxy. pose proof (proj2 (L3_degenerate_iff γ σ2 s Hs) H) as Z.
  repeat split; auto.
  pose proof (T10_charge_strictly_increasing s (proj2 (proj2 Hs)) M) as I.
  destruct (Rtotal_order x y) as [L|[L|L]]; [|easy|]; apply I in L; lra.
Qed.

(** The smallest example: one coordinate at 1 with rate 1, no noise on it, no decay. *)
Theorem L3_example : ~ has_exactly_one_zero (balance 0 1 [Term 1 0 1]).
Proof.
  intros [x [_ H]].
  assert (forall y, balance 0 1 [Term 1 0 1] y = 0) as Z by (intros y; unfold balance; simpl; ring).
  pose proof (H 0 (Z 0)). pose proof (H 1 (Z 1)). lra.
Qed.

(** ** L4: existence fails *)

(** γ = 0 and A ⪰ 0 with live noise: G > 0 everywhere. *)
Theorem L4_no_equilibrium σ2 s :
  admissible 0 σ2 s -> (forall k, In k s -> 0 <= rate k) ->
  (exists k, In k s /\ rate k <> 0 /\ 0 < σ2 * noise k) ->
  forall λ, 0 < balance 0 σ2 s λ.
Proof.
  intros Hs Hr [k [Hk [Hn Hw]]]. apply T8_only_up; [easy|]. split.
  - exists k. split; [easy|]. left. pose proof (Hr k Hk). lra.
  - intros [q [Hq [[H _]|[_ H]]]]; [pose proof (Hr q Hq)|]; lra.
Qed.

Theorem L4_example : ~ exists λ, balance 0 1 [Term 1 1 1] λ = 0.
Proof.
  intros [λ H]. pose proof (L4_no_equilibrium 1 [Term 1 1 1]) as P.
  assert (0 < balance 0 1 [Term 1 1 1] λ); [|lra]. apply P.
  - repeat split; simpl in *; try lra; destruct H0 as [<-|[]]; simpl; lra.
  - intros k [<-|[]]; simpl; lra.
  - exists (Term 1 1 1). simpl. repeat split; auto; lra.
Qed.
