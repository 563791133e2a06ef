(** The balance function G, the balance potential Φ and the charge C of a spectrum; T7 and T9.

    A spectrum is a finite list of terms (μ, a, c): rate, noise power, squared coordinate. Throughout,
    γ is the weight decay and σ2 the noise strength σ², both nonnegative. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum.
Import ListNotations.
Local Open Scope R_scope.

(** ** Definitions *)

Record term : Type := Term { rate : R; noise : R; charge : R }.

Definition spectrum : Type := list term.

(** G(λ) = Σ μ (2σ² a e^{−2μλ} − 4γ c e^{2μλ}) *)
Definition balance (γ σ2 : R) (s : spectrum) (λ : R) : R :=
  sum (fun k => rate k * (2 * σ2 * noise k * exp (-2 * rate k * λ)
                          - 4 * γ * charge k * exp (2 * rate k * λ))) s.

(** Φ(λ) = Σ (2γ c e^{2μλ} + σ² a e^{−2μλ}) *)
Definition potential (γ σ2 : R) (s : spectrum) (λ : R) : R :=
  sum (fun k => 2 * γ * charge k * exp (2 * rate k * λ)
                + σ2 * noise k * exp (-2 * rate k * λ)) s.

(** G'(λ) = −Σ μ² (4σ² a e^{−2μλ} + 8γ c e^{2μλ}) *)
Definition balance_slope (γ σ2 : R) (s : spectrum) (λ : R) : R :=
  - sum (fun k => rate k ^ 2 * (4 * σ2 * noise k * exp (-2 * rate k * λ)
                                + 8 * γ * charge k * exp (2 * rate k * λ))) s.

(** C(θ_λ) = Σ μ c e^{2μλ}, ‖θ_λ‖² = Σ c e^{2μλ} and ‖Aθ_λ‖² = Σ μ² c e^{2μλ} *)
Definition charge_at (s : spectrum) (λ : R) : R :=
  sum (fun k => rate k * charge k * exp (2 * rate k * λ)) s.
Definition norm2_at (s : spectrum) (λ : R) : R :=
  sum (fun k => charge k * exp (2 * rate k * λ)) s.
Definition speed2_at (s : spectrum) (λ : R) : R :=
  sum (fun k => rate k ^ 2 * charge k * exp (2 * rate k * λ)) s.

(** Tr Σ(θ_λ) = Σ a e^{−2μλ} and Tr[Σ(θ_λ)A] = Σ μ a e^{−2μλ} *)
Definition trace_noise_at (s : spectrum) (λ : R) : R :=
  sum (fun k => noise k * exp (-2 * rate k * λ)) s.
Definition noise_charge_at (s : spectrum) (λ : R) : R :=
  sum (fun k => rate k * noise k * exp (-2 * rate k * λ)) s.

(** What the data of a problem satisfy: squares and variances are not negative. *)
Definition nonnegative (s : spectrum) : Prop :=
  forall k, In k s -> 0 <= noise k /\ 0 <= charge k.

Definition admissible (γ σ2 : R) (s : spectrum) : Prop :=
  0 <= γ /\ 0 <= σ2 /\ nonnegative s.

(** A term pulls up where it keeps G positive, down where it keeps G negative. *)
Definition pulls_up (γ σ2 : R) (k : term) : Prop :=
  (0 < rate k /\ 0 < σ2 * noise k) \/ (rate k < 0 /\ 0 < γ * charge k).
Definition pulls_down (γ σ2 : R) (k : term) : Prop :=
  (rate k < 0 /\ 0 < σ2 * noise k) \/ (0 < rate k /\ 0 < γ * charge k).
Definition live (γ σ2 : R) (k : term) : Prop :=
  rate k <> 0 /\ (0 < σ2 * noise k \/ 0 < γ * charge k).

Definition some_up (γ σ2 : R) (s : spectrum) : Prop := exists k, In k s /\ pulls_up γ σ2 k.
Definition some_down (γ σ2 : R) (s : spectrum) : Prop := exists k, In k s /\ pulls_down γ σ2 k.
Definition some_live (γ σ2 : R) (s : spectrum) : Prop := exists k, In k s /\ live γ σ2 k.

Lemma some_live_iff γ σ2 s : some_live γ σ2 s <-> some_up γ σ2 s \/ some_down γ σ2 s.
Proof.
  unfold some_live, some_up, some_down, live, pulls_up, pulls_down. split.
  - intros [k [Hk [Hr Hw]]].
    assert (rate k < 0 \/ 0 < rate k) as Hs by lra.
    destruct Hs, Hw; [right|left|left|right]; exists k; tauto.
  - intros [[k [Hk [H|H]]]|[k [Hk [H|H]]]]; exists k; split; auto; split; try lra; tauto.
Qed.

(** ** The potential as a sum of exponentials

    Term k contributes 2γc e^{2μλ} and σ²a e^{−2μλ}. *)

Definition exponentials (γ σ2 : R) (s : spectrum) : list exponential :=
  flat_map (fun k => [(2 * rate k, 2 * γ * charge k); (-2 * rate k, σ2 * noise k)]) s.

Lemma potential_exponentials γ σ2 s λ :
  potential γ σ2 s λ = exponential_sum (exponentials γ σ2 s) λ.
Proof.
  induction s as [|k s IH]; [reflexivity|].
  unfold potential, exponential_sum, exponent, weight in *. simpl in *. rewrite IH. ring.
Qed.

Lemma balance_exponentials γ σ2 s λ : balance γ σ2 s λ = - slope (exponentials γ σ2 s) λ.
Proof.
  induction s as [|k s IH]; [unfold balance, slope; simpl; ring|].
  unfold balance, slope, exponent, weight in *. simpl in *. rewrite IH. ring.
Qed.

Lemma balance_slope_exponentials γ σ2 s λ :
  balance_slope γ σ2 s λ = - curvature (exponentials γ σ2 s) λ.
Proof.
  induction s as [|k s IH]; [unfold balance_slope, curvature; simpl; ring|].
  unfold balance_slope, curvature, exponent, weight in *. simpl in *.
  rewrite Ropp_plus_distr, IH. ring.
Qed.

Lemma in_exponentials γ σ2 s p :
  In p (exponentials γ σ2 s) <->
  exists k, In k s /\ (p = (2 * rate k, 2 * γ * charge k) \/ p = (-2 * rate k, σ2 * noise k)).
Proof.
  unfold exponentials. rewrite in_flat_map. simpl. split; intros [k [Hk H]]; exists k; intuition.
Qed.

Lemma exponentials_nonneg γ σ2 s :
  admissible γ σ2 s -> weights_nonneg (exponentials γ σ2 s).
Proof.
  intros [Hγ [Hσ Hs]] p Hp. apply in_exponentials in Hp. destruct Hp as [k [Hk Hp]].
  destruct (Hs k Hk) as [Ha Hc].
  destruct Hp as [-> | ->]; unfold weight; simpl; repeat apply Rmult_le_pos; lra.
Qed.

(** What pulls up makes Φ fall, what pulls down makes it rise. *)
Lemma some_down_iff_rises γ σ2 s : some_down γ σ2 s <-> rises (exponentials γ σ2 s).
Proof.
  unfold some_down, pulls_down, rises. split.
  - intros [k [Hk [H|H]]].
    + exists (-2 * rate k, σ2 * noise k). split; [apply in_exponentials; eauto|].
      unfold exponent, weight; simpl. lra.
    + exists (2 * rate k, 2 * γ * charge k). split; [apply in_exponentials; eauto|].
      unfold exponent, weight; simpl. lra.
  - intros [p [Hp H]]. apply in_exponentials in Hp. destruct Hp as [k [Hk [-> | ->]]];
      unfold exponent, weight in H; simpl in H; exists k; split; auto; [right|left]; lra.
Qed.

Lemma some_up_iff_falls γ σ2 s : some_up γ σ2 s <-> falls (exponentials γ σ2 s).
Proof.
  unfold some_up, pulls_up, falls. split.
  - intros [k [Hk [H|H]]].
    + exists (-2 * rate k, σ2 * noise k). split; [apply in_exponentials; eauto|].
      unfold exponent, weight; simpl. lra.
    + exists (2 * rate k, 2 * γ * charge k). split; [apply in_exponentials; eauto|].
      unfold exponent, weight; simpl. lra.
  - intros [p [Hp H]]. apply in_exponentials in Hp. destruct Hp as [k [Hk [-> | ->]]];
      unfold exponent, weight in H; simpl in H; exists k; split; auto; [right|left]; lra.
Qed.

Lemma some_live_iff_moves γ σ2 s : some_live γ σ2 s <-> moves (exponentials γ σ2 s).
Proof.
  rewrite some_live_iff, some_up_iff_falls, some_down_iff_rises. unfold moves. tauto.
Qed.

(** G in terms of the problem: −4γ C(θ_λ) + 2σ² Tr[Σ(θ_λ)A]. *)
Lemma balance_charges γ σ2 s λ :
  balance γ σ2 s λ = - 4 * γ * charge_at s λ + 2 * σ2 * noise_charge_at s λ.
Proof.
  unfold balance, charge_at, noise_charge_at. rewrite <- !sum_scal, <- sum_plus.
  apply sum_ext. intros; ring.
Qed.

Lemma potential_norms γ σ2 s λ :
  potential γ σ2 s λ = 2 * γ * norm2_at s λ + σ2 * trace_noise_at s λ.
Proof.
  unfold potential, norm2_at, trace_noise_at. rewrite <- !sum_scal, <- sum_plus.
  apply sum_ext. intros; ring.
Qed.

(** ** T7: monotonicity *)

Theorem T7_potential_derivative γ σ2 s λ :
  is_derive (potential γ σ2 s) λ (- balance γ σ2 s λ).
Proof.
  rewrite balance_exponentials, Ropp_involutive.
  apply (is_derive_ext (exponential_sum (exponentials γ σ2 s))).
  - intros t. symmetry. apply potential_exponentials.
  - apply is_derive_exponential_sum.
Qed.

Theorem T7_balance_derivative γ σ2 s λ :
  is_derive (balance γ σ2 s) λ (balance_slope γ σ2 s λ).
Proof.
  rewrite balance_slope_exponentials.
  apply (is_derive_ext (fun λ => - slope (exponentials γ σ2 s) λ)).
  - intros t. symmetry. apply balance_exponentials.
  - apply (is_derive_opp (slope (exponentials γ σ2 s))). apply is_derive_slope.
Qed.

Section T7.
Variables (γ σ2 : R) (s : spectrum).
Hypothesis Hs : admissible γ σ2 s.

Let W := exponentials_nonneg γ σ2 s Hs.

Theorem T7_nonincreasing : nonincreasing (balance γ σ2 s).
Proof.
  intros x y H. rewrite !balance_exponentials. apply Ropp_le_contravar.
  now apply slope_nondecreasing.
Qed.

Lemma balance_strictly_decreasing : some_live γ σ2 s -> strictly_decreasing (balance γ σ2 s).
Proof.
  intros L x y H. rewrite !balance_exponentials. apply Ropp_lt_contravar.
  apply slope_strictly_increasing; auto. now apply some_live_iff_moves.
Qed.

Lemma balance_zero_unless_live : ~ some_live γ σ2 s -> forall λ, balance γ σ2 s λ = 0.
Proof.
  intros N λ. rewrite balance_exponentials, slope_zero_unless_moves; [ring|auto|].
  now rewrite <- some_live_iff_moves.
Qed.

(** Strictly decreasing exactly if some term is live. *)
Theorem T7_strictly_decreasing_iff : strictly_decreasing (balance γ σ2 s) <-> some_live γ σ2 s.
Proof.
  split; [|apply balance_strictly_decreasing].
  intros H. destruct (Classical_Prop.classic (some_live γ σ2 s)) as [L|N]; [easy|exfalso].
  pose proof (H 0 1 ltac:(lra)) as E. rewrite !balance_zero_unless_live in E by easy. lra.
Qed.

(** The exception spelled out: every term with μ ≠ 0 has σ²a = γc = 0. *)
Theorem T7_not_live_iff :
  ~ some_live γ σ2 s <->
  forall k, In k s -> rate k <> 0 -> σ2 * noise k = 0 /\ γ * charge k = 0.
Proof.
  destruct Hs as [Hγ [Hσ Hk]]. unfold some_live, live. split.
  - intros N k Hin Hr. destruct (Hk k Hin) as [Ha Hc].
    pose proof (Rmult_le_pos _ _ Hσ Ha). pose proof (Rmult_le_pos _ _ Hγ Hc).
    split; apply Rle_antisym; auto; apply Rnot_lt_le; intros P; apply N; exists k; tauto.
  - intros H [k [Hin [Hr Hw]]]. destruct (H k Hin Hr). lra.
Qed.

Theorem T7_balance_slope_sign :
  forall λ, balance_slope γ σ2 s λ <= 0 /\ (some_live γ σ2 s -> balance_slope γ σ2 s λ < 0).
Proof.
  intros λ. rewrite balance_slope_exponentials. split.
  - pose proof (curvature_nonneg _ W λ). lra.
  - intros L. apply some_live_iff_moves in L. pose proof (curvature_pos _ W λ L). lra.
Qed.

Theorem T7_potential_convex : convex (potential γ σ2 s).
Proof.
  intros x y t Ht. rewrite !potential_exponentials. now apply exponential_sum_convex.
Qed.

(** Strictly convex in the same case. *)
Theorem T7_potential_strictly_convex_iff :
  strictly_convex (potential γ σ2 s) <-> some_live γ σ2 s.
Proof.
  split.
  - intros H. destruct (Classical_Prop.classic (some_live γ σ2 s)) as [L|N]; [easy|exfalso].
    (* Without a live term Φ is constant, so not strictly convex. *)
    assert (forall x y, potential γ σ2 s x <= potential γ σ2 s y) as E.
    { intros x y. rewrite !potential_exponentials.
      pose proof (exponential_sum_above_tangent _ W x y) as T.
      rewrite slope_zero_unless_moves in T; [lra|auto|]. now rewrite <- some_live_iff_moves. }
    pose proof (H 0 1 (1/2) ltac:(lra) ltac:(lra)) as F.
    pose proof (E 0 ((1 - 1/2) * 0 + 1/2 * 1)). pose proof (E 1 ((1 - 1/2) * 0 + 1/2 * 1)). lra.
  - intros L x y t Hxy Ht. rewrite !potential_exponentials.
    apply exponential_sum_strictly_convex; auto. now apply some_live_iff_moves.
Qed.

End T7.

(** ** T9: no barrier *)

(** ‖θ_λ‖² is convex in λ. *)
Theorem T9_norm_convex s : nonnegative s -> convex (norm2_at s).
Proof.
  intros Hs x y t Ht.
  assert (forall λ, norm2_at s λ = potential (1/2) 0 s λ) as E.
  { intros λ. rewrite potential_norms. lra. }
  rewrite !E. apply T7_potential_convex; [|easy]. repeat split; try lra; now apply Hs.
Qed.

(** Along the orbit L is constant, so L_γ = L + γ‖θ_λ‖² stays at or below the chord ... *)
Theorem T9_below_chord L γ s x y t :
  0 <= γ -> nonnegative s -> 0 <= t <= 1 ->
  L + γ * norm2_at s ((1 - t) * x + t * y)
  <= (1 - t) * (L + γ * norm2_at s x) + t * (L + γ * norm2_at s y).
Proof.
  intros Hγ Hs Ht. pose proof (T9_norm_convex s Hs x y t Ht) as E.
  apply (Rmult_le_compat_l γ) in E; lra.
Qed.

(** ... and never exceeds the larger of its ends. *)
Theorem T9_no_barrier L γ s x y λ :
  0 <= γ -> nonnegative s -> x <= λ <= y ->
  L + γ * norm2_at s λ <= Rmax (L + γ * norm2_at s x) (L + γ * norm2_at s y).
Proof.
  intros Hγ Hs Hλ. destruct (Req_dec x y) as [<-|Hxy].
  { replace λ with x by lra. apply Rmax_l. }
  set (t := (λ - x) / (y - x)).
  assert (0 <= t <= 1) as Ht.
  { unfold t. split; [apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]|].
    apply Rmult_le_reg_r with (y - x); [lra|]. field_simplify; lra. }
  replace λ with ((1 - t) * x + t * y) by (unfold t; field; lra).
  eapply Rle_trans; [now apply T9_below_chord|].
  set (M := Rmax _ _).
  assert (L + γ * norm2_at s x <= M) by apply Rmax_l.
  assert (L + γ * norm2_at s y <= M) by apply Rmax_r. nra.
Qed.
