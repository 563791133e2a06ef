(** T11: how λ* moves with the problem. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
From NoiseEquilibrium.analysis Require Import Sum ExponentialSum Balance Equilibrium.
Import ListNotations.
Local Open Scope R_scope.

(** A term that moves with a parameter t, and its velocity. *)
Record moving_term : Type :=
  MovingTerm { term_at : R -> term; rate_velocity : R; noise_velocity : R; charge_velocity : R }.

Section T11.
Variables (γ σ2 : R -> R) (γ_velocity σ2_velocity : R) (s : list moving_term).
Variable t0 : R.

Definition spectrum_at (t : R) : spectrum := map (fun k => term_at k t) s.

(** The problem is one at every t, and at t0 it has these velocities. *)
Hypothesis Hadmissible : forall t, admissible (γ t) (σ2 t) (spectrum_at t).
Hypothesis Hγ : is_derive γ t0 γ_velocity.
Hypothesis Hσ2 : is_derive σ2 t0 σ2_velocity.
Hypothesis Hterms : forall k, In k s ->
  is_derive (fun t => rate (term_at k t)) t0 (rate_velocity k) /\
  is_derive (fun t => noise (term_at k t)) t0 (noise_velocity k) /\
  is_derive (fun t => charge (term_at k t)) t0 (charge_velocity k).

Definition G_at (t λ : R) : R := balance (γ t) (σ2 t) (spectrum_at t) λ.
Definition G'_at (t λ : R) : R := balance_slope (γ t) (σ2 t) (spectrum_at t) λ.

(** The partial derivatives of G, each by the parameter it is named for. *)
Definition partial_rate (k : term) (λ : R) : R :=
  2 * σ2 t0 * noise k * exp (-2 * rate k * λ) * (1 - 2 * rate k * λ)
  - 4 * γ t0 * charge k * exp (2 * rate k * λ) * (1 + 2 * rate k * λ).
Definition partial_noise (k : term) (λ : R) : R := 2 * σ2 t0 * rate k * exp (-2 * rate k * λ).
Definition partial_charge (k : term) (λ : R) : R := - 4 * γ t0 * rate k * exp (2 * rate k * λ).
Definition partial_decay (λ : R) : R := - 4 * charge_at (spectrum_at t0) λ.
Definition partial_strength (λ : R) : R := 2 * noise_charge_at (spectrum_at t0) λ.

(** ∂_tG, the sum over all parameters of partial derivative times velocity. *)
Definition G_velocity (λ : R) : R :=
  sum (fun k => partial_rate (term_at k t0) λ * rate_velocity k
                + partial_noise (term_at k t0) λ * noise_velocity k
                + partial_charge (term_at k t0) λ * charge_velocity k) s
  + partial_decay λ * γ_velocity + partial_strength λ * σ2_velocity.

Lemma G_at_sum t λ :
  G_at t λ = sum (fun k => rate (term_at k t)
    * (2 * σ2 t * noise (term_at k t) * exp (-2 * rate (term_at k t) * λ)
       - 4 * γ t * charge (term_at k t) * exp (2 * rate (term_at k t) * λ))) s.
Proof. unfold G_at, balance, spectrum_at. now rewrite sum_map. Qed.

Theorem T11_balance_velocity λ : is_derive (fun t => G_at t λ) t0 (G_velocity λ).
Proof.
  set (summand := fun k t => rate (term_at k t)
    * (2 * σ2 t * noise (term_at k t) * exp (-2 * rate (term_at k t) * λ)
       - 4 * γ t * charge (term_at k t) * exp (2 * rate (term_at k t) * λ))).
  apply (is_derive_ext (fun t => sum (fun k => summand k t) s)).
  { intros t. symmetry. apply G_at_sum. }
  assert (G_velocity λ = sum (fun k =>
      partial_rate (term_at k t0) λ * rate_velocity k
      + partial_noise (term_at k t0) λ * noise_velocity k
      + partial_charge (term_at k t0) λ * charge_velocity k
      + (γ_velocity * (-4 * (rate (term_at k t0) * charge (term_at k t0) * exp (2 * rate (term_at k t0) * λ)))
         + σ2_velocity * (2 * (rate (term_at k t0) * noise (term_at k t0) * exp (-2 * rate (term_at k t0) * λ))))) s) as ->.
  { unfold G_velocity, partial_decay, partial_strength, charge_at, noise_charge_at, spectrum_at.
    rewrite !sum_map, !sum_plus, !sum_scal. ring. }
  apply (is_derive_sum summand (fun k _ =>
      partial_rate (term_at k t0) λ * rate_velocity k
      + partial_noise (term_at k t0) λ * noise_velocity k
      + partial_charge (term_at k t0) λ * charge_velocity k
      + (γ_velocity * (-4 * (rate (term_at k t0) * charge (term_at k t0) * exp (2 * rate (term_at k t0) * λ)))
         + σ2_velocity * (2 * (rate (term_at k t0) * noise (term_at k t0) * exp (-2 * rate (term_at k t0) * λ)))))).
  intros k Hk. destruct (Hterms k Hk) as [Hr [Ha Hc]].
  unfold summand.
  set (r := fun t => rate (term_at k t)) in *. set (a := fun t => noise (term_at k t)) in *.
  set (c := fun t => charge (term_at k t)) in *.
  change (is_derive (fun t => r t * (2 * σ2 t * a t * exp (-2 * r t * λ) - 4 * γ t * c t * exp (2 * r t * λ))) t0
    (partial_rate (term_at k t0) λ * rate_velocity k + partial_noise (term_at k t0) λ * noise_velocity k
     + partial_charge (term_at k t0) λ * charge_velocity k
     + (γ_velocity * (-4 * (r t0 * c t0 * exp (2 * r t0 * λ))) + σ2_velocity * (2 * (r t0 * a t0 * exp (-2 * r t0 * λ)))))).
  unfold partial_rate, partial_noise, partial_charge.
  change (rate (term_at k t0)) with (r t0). change (noise (term_at k t0)) with (a t0).
  change (charge (term_at k t0)) with (c t0).
  change (is_derive r t0 (rate_velocity k)) in Hr. change (is_derive a t0 (noise_velocity k)) in Ha.
  change (is_derive c t0 (charge_velocity k)) in Hc. clearbody r a c.
  auto_derive.
  - assert (ex_derive r t0) by exact (ex_intro _ _ Hr). assert (ex_derive a t0) by exact (ex_intro _ _ Ha).
    assert (ex_derive c t0) by exact (ex_intro _ _ Hc). assert (ex_derive γ t0) by exact (ex_intro _ _ Hγ).
    assert (ex_derive σ2 t0) by exact (ex_intro _ _ Hσ2).
    repeat (split; [assumption|]). exact I.
  - assert (forall f v, is_derive f t0 v -> Derive (fun x => f x) t0 = v) as D
      by (intros; now apply is_derive_unique).
    rewrite (D r _ Hr), (D a _ Ha), (D c _ Hc), (D γ _ Hγ), (D σ2 _ Hσ2). ring.
Qed.

(** G' is continuous in t and λ together. *)
Lemma continuity_2d_of_derive (f : R -> R) d λ : is_derive f t0 d -> continuity_2d_pt (fun t _ => f t) t0 λ.
Proof.
  intros D. apply (continuity_1d_2d_pt_comp f (fun t _ => t)); [|apply continuity_2d_pt_id1].
  apply continuity_pt_filterlim. apply (ex_derive_continuous f). now exists d.
Qed.

Lemma continuous_exponential (r : R -> R) d w λ :
  is_derive r t0 d -> continuity_2d_pt (fun t λ => exp (w * r t * λ)) t0 λ.
Proof.
  intros D. apply (continuity_1d_2d_pt_comp exp (fun t λ => w * r t * λ)).
  - apply derivable_continuous_pt, derivable_pt_exp.
  - repeat apply continuity_2d_pt_mult; auto using continuity_2d_pt_const, continuity_2d_pt_id2.
    now apply (continuity_2d_of_derive r d).
Qed.

Lemma slope_continuous λ : continuity_2d_pt G'_at t0 λ.
Proof.
  apply (continuity_2d_pt_ext (fun t λ => - sum (fun k => rate (term_at k t) ^ 2
    * (4 * σ2 t * noise (term_at k t) * exp (-2 * rate (term_at k t) * λ)
       + 8 * γ t * charge (term_at k t) * exp (2 * rate (term_at k t) * λ))) s)).
  { intros t x. unfold G'_at, balance_slope, spectrum_at. now rewrite sum_map. }
  apply continuity_2d_pt_opp. induction s as [|k l IH]; [exact (continuity_2d_pt_const t0 λ 0)|].
  cbn [sum fold_right]. destruct (Hterms k (or_introl eq_refl)) as [Hr [Ha Hc]].
  apply continuity_2d_pt_plus; [|apply IH; intros; apply Hterms; now right].
  pose proof (continuity_2d_of_derive _ _ λ Hr). pose proof (continuity_2d_of_derive _ _ λ Ha).
  pose proof (continuity_2d_of_derive _ _ λ Hc). pose proof (continuity_2d_of_derive _ _ λ Hγ).
  pose proof (continuity_2d_of_derive _ _ λ Hσ2).
  pose proof (continuous_exponential _ _ 2 λ Hr). pose proof (continuous_exponential _ _ (-2) λ Hr).
  apply (continuity_2d_pt_ext (fun t x => rate (term_at k t) * rate (term_at k t)
    * (4 * σ2 t * noise (term_at k t) * exp (-2 * rate (term_at k t) * x)
       + 8 * γ t * charge (term_at k t) * exp (2 * rate (term_at k t) * x)))).
  { intros; ring. }
  repeat (apply continuity_2d_pt_mult || apply continuity_2d_pt_plus); auto using continuity_2d_pt_const.
Qed.

(** Quotients of numbers near d and S are near d/S. *)
Lemma quotient_near d S ε :
  0 < S -> 0 < ε -> exists η, 0 < η /\
  forall x y, Rabs (x - d) < η -> Rabs (y - S) < η -> 0 < y /\ Rabs (x / y - d / S) < ε.
Proof.
  intros HS Hε. set (M := S + Rabs d). assert (0 < M) as HM by (pose proof (Rabs_pos d); unfold M; lra).
  exists (Rmin (S / 2) (ε * S * S / (2 * M))). split.
  { apply Rmin_glb_lt; [lra|]. apply Rdiv_lt_0_compat; [|lra].
    apply Rmult_lt_0_compat; [|easy]. now apply Rmult_lt_0_compat. }
  intros x y Hx Hy. set (η := Rmin _ _) in *.
  assert (η <= S / 2) as E1 by apply Rmin_l.
  assert (η * M <= ε * S * S / 2) as E2.
  { apply Rle_trans with (ε * S * S / (2 * M) * M); [|right; field; lra].
    apply Rmult_le_compat_r; [lra|apply Rmin_r]. }
  assert (S / 2 < y) as Hy2 by (apply Rabs_def2 in Hy; lra).
  split; [lra|].
  replace (x / y - d / S) with (((x - d) * S - d * (y - S)) * / (y * S)) by (field; lra).
  assert (0 < y * S) as HyS by (apply Rmult_lt_0_compat; lra).
  rewrite Rabs_mult, (Rabs_right (/ (y * S))) by (left; now apply Rinv_0_lt_compat).
  apply Rmult_lt_reg_r with (y * S); [easy|]. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  apply Rlt_le_trans with (η * M).
  - assert (Rabs ((x - d) * S - d * (y - S)) <= Rabs (x - d) * S + Rabs d * Rabs (y - S)) as T.
    { eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp, !Rabs_mult, (Rabs_right S) by lra. lra. }
    unfold M. rewrite Rmult_plus_distr_l.
    assert (Rabs (x - d) * S < η * S) by (apply Rmult_lt_compat_r; easy).
    assert (Rabs d * Rabs (y - S) <= η * Rabs d)
      by (rewrite Rmult_comm; apply Rmult_le_compat_r; [apply Rabs_pos|lra]).
    lra.
  - apply Rle_trans with (ε * S * S / 2); [easy|].
    assert (ε * S * (S / 2) <= ε * S * y) by (apply Rmult_le_compat_l; [apply Rmult_le_pos|]; lra). lra.
Qed.

Variable λ_star : R -> R.
Hypothesis Hzero : forall t, G_at t (λ_star t) = 0.
Hypothesis Hlive : some_live (γ t0) (σ2 t0) (spectrum_at t0).

Lemma G_continuous λ : continuity_pt (fun t => G_at t λ) t0.
Proof.
  apply continuity_pt_filterlim. apply (ex_derive_continuous (fun t => G_at t λ)).
  eexists. apply T11_balance_velocity.
Qed.

(** λ* is continuous: the signs of G to both sides of it persist. *)
Theorem T11_continuous : continuity_pt λ_star t0.
Proof.
  intros ε Hε.
  pose proof (T8_signs _ _ _ (Hadmissible t0) (λ_star t0) (λ_star t0 - ε) Hlive (Hzero t0)) as [P _].
  pose proof (T8_signs _ _ _ (Hadmissible t0) (λ_star t0) (λ_star t0 + ε) Hlive (Hzero t0)) as [_ N].
  assert (0 < G_at t0 (λ_star t0 - ε)) as P' by (apply P; lra).
  assert (G_at t0 (λ_star t0 + ε) < 0) as N' by (apply N; lra).
  destruct (G_continuous (λ_star t0 - ε) (G_at t0 (λ_star t0 - ε)) P') as [δ1 [H1 F1]].
  destruct (G_continuous (λ_star t0 + ε) (- G_at t0 (λ_star t0 + ε)) ltac:(lra)) as [δ2 [H2 F2]].
  exists (Rmin δ1 δ2). split; [now apply Rmin_glb_lt|]. intros t [Dt Ht].
  assert (0 < G_at t (λ_star t0 - ε)) as Pt.
  { assert (D_x no_cond t0 t /\ R_dist t t0 < δ1) as I by (split; [easy|eapply Rlt_le_trans; [exact Ht|apply Rmin_l]]).
    specialize (F1 t I). simpl in F1. unfold R_dist in F1. apply Rabs_def2 in F1. lra. }
  assert (G_at t (λ_star t0 + ε) < 0) as Nt.
  { assert (D_x no_cond t0 t /\ R_dist t t0 < δ2) as I by (split; [easy|eapply Rlt_le_trans; [exact Ht|apply Rmin_r]]).
    specialize (F2 t I). simpl in F2. unfold R_dist in F2. apply Rabs_def2 in F2. lra. }
  simpl. unfold R_dist. apply Rabs_def1.
  - destruct (Rlt_dec (λ_star t - λ_star t0) ε) as [L|L]; [easy|exfalso].
    pose proof (T7_nonincreasing _ _ _ (Hadmissible t) (λ_star t0 + ε) (λ_star t) ltac:(lra)) as M.
    pose proof (Hzero t). unfold G_at in *. lra.
  - destruct (Rlt_dec (- ε) (λ_star t - λ_star t0)) as [L|L]; [easy|exfalso].
    pose proof (T7_nonincreasing _ _ _ (Hadmissible t) (λ_star t) (λ_star t0 - ε) ltac:(lra)) as M.
    pose proof (Hzero t). unfold G_at in *. lra.
Qed.

(** dλ* /dt = −∂_tG / ∂_λG *)
Theorem T11_derivative :
  is_derive λ_star t0 (- G_velocity (λ_star t0) / G'_at t0 (λ_star t0)).
Proof.
  set (λ0 := λ_star t0). set (d := G_velocity λ0). set (S := - G'_at t0 λ0).
  assert (0 < S) as HS.
  { pose proof (proj2 (T7_balance_slope_sign _ _ _ (Hadmissible t0) λ0) Hlive). unfold S, G'_at. lra. }
  replace (- d / G'_at t0 λ0) with (d / S) by (unfold S; field; unfold S in HS; lra).
  apply is_derive_Reals. intros ε Hε.
  destruct (quotient_near d S ε HS Hε) as [η [Hη Near]].
  pose proof (T11_balance_velocity λ0) as Dt. apply is_derive_Reals in Dt.
  destruct (Dt η Hη) as [δ1 F1].
  destruct (slope_continuous λ0 (mkposreal η Hη)) as [δ2 F2].
  destruct (T11_continuous δ2 (cond_pos δ2)) as [δ3 [Hδ3 F3]].
  assert (0 < Rmin δ1 (Rmin δ2 δ3)) as Hδ
    by (apply Rmin_glb_lt; [apply cond_pos|apply Rmin_glb_lt; [apply cond_pos|easy]]).
  exists (mkposreal _ Hδ). intros h Hh0 Hh. simpl in Hh.
  assert (Rabs h < δ1) as Hh1 by (eapply Rlt_le_trans; [exact Hh|apply Rmin_l]).
  assert (Rabs h < δ2) as Hh2 by (eapply Rlt_le_trans; [exact Hh|eapply Rle_trans; [apply Rmin_r|apply Rmin_l]]).
  assert (Rabs h < δ3) as Hh3 by (eapply Rlt_le_trans; [exact Hh|eapply Rle_trans; [apply Rmin_r|apply Rmin_r]]).
  set (t := t0 + h).
  assert (Rabs (λ_star t - λ0) < δ2) as Hλ.
  { apply (F3 t). split.
    - split; [exact I|]. unfold t. lra.
    - simpl. unfold R_dist, t. now replace (t0 + h - t0) with h by ring. }
  (* G(t, λ* (t)) − G(t, λ0) = G'(t, c)(λ* (t) − λ0) *)
  destruct (MVT_gen (G_at t) λ0 (λ_star t) (G'_at t)) as [c [Hc E]].
  { intros; apply T7_balance_derivative. }
  { intros x _. apply continuity_pt_filterlim. apply (ex_derive_continuous (G_at t)).
    eexists. apply T7_balance_derivative. }
  rewrite Hzero in E.
  assert (Rabs (c - λ0) < δ2) as Hcλ.
  { eapply Rle_lt_trans; [|exact Hλ]. destruct (Rle_dec λ0 (λ_star t)) as [L|L].
    - rewrite Rmin_left, Rmax_right in Hc by lra. rewrite !Rabs_right by lra. lra.
    - rewrite Rmin_right, Rmax_left in Hc by lra. rewrite !Rabs_left1 by lra. lra. }
  specialize (F1 h Hh0 Hh1). fold t in F1. pose proof (Hzero t0) as Z0. fold λ0 in Z0.
  rewrite Z0, Rminus_0_r in F1.
  assert (Rabs (t - t0) < δ2) as Ht by (unfold t; now replace (t0 + h - t0) with h by ring).
  specialize (F2 t c Ht Hcλ). simpl in F2.
  destruct (Near (G_at t λ0 / h) (- G'_at t c) F1) as [Hy Q].
  { unfold S. replace (- G'_at t c - - G'_at t0 λ0) with (- (G'_at t c - G'_at t0 λ0)) by ring.
    now rewrite Rabs_Ropp. }
  fold t λ0. replace ((λ_star t - λ0) / h) with (G_at t λ0 / h / - G'_at t c); [exact Q|].
  assert (G_at t λ0 = - G'_at t c * (λ_star t - λ0)) as -> by lra.
  field. split; [easy|lra].
Qed.

End T11.
