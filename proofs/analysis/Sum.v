(** Finite sums over lists, and convexity on the line. *)

From Coq Require Import Reals List Lra.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Local Open Scope R_scope.

(** [sum f l] is Σ_{t ∈ l} f(t). *)
Definition sum {A : Type} (f : A -> R) (l : list A) : R :=
  fold_right (fun t s => f t + s) 0 l.

Section Sum.
Context {A : Type}.
Implicit Types (f g : A -> R) (l : list A).

Lemma sum_ext f g l : (forall t, In t l -> f t = g t) -> sum f l = sum g l.
Proof.
  induction l as [|t l IH]; simpl; intros H; [reflexivity|].
  rewrite (H t), IH; auto.
Qed.

Lemma sum_app f l l' : sum f (l ++ l') = sum f l + sum f l'.
Proof. induction l; simpl; lra. Qed.

Lemma sum_plus f g l : sum (fun t => f t + g t) l = sum f l + sum g l.
Proof. induction l; simpl; lra. Qed.

Lemma sum_scal k f l : sum (fun t => k * f t) l = k * sum f l.
Proof. induction l as [|t l IH]; simpl; [|rewrite IH]; ring. Qed.

Lemma sum_zero f l : (forall t, In t l -> f t = 0) -> sum f l = 0.
Proof.
  induction l as [|t l IH]; simpl; intros H; [reflexivity|].
  rewrite (H t), IH; auto; ring.
Qed.

Lemma sum_le f g l : (forall t, In t l -> f t <= g t) -> sum f l <= sum g l.
Proof.
  induction l as [|t l IH]; simpl; intros H; [lra|].
  apply Rplus_le_compat; auto.
Qed.

Lemma sum_lt f g l :
  (forall t, In t l -> f t <= g t) -> (exists t, In t l /\ f t < g t) -> sum f l < sum g l.
Proof.
  induction l as [|t l IH]; simpl; intros H [u [Hu Hlt]]; [easy|].
  destruct Hu as [->|Hu].
  - apply Rplus_lt_le_compat; [easy|]. apply sum_le; auto.
  - apply Rplus_le_lt_compat; [auto|]. apply IH; eauto.
Qed.

Lemma sum_nonneg f l : (forall t, In t l -> 0 <= f t) -> 0 <= sum f l.
Proof.
  intros H. rewrite <- (sum_zero (fun _ => 0) l) by auto. now apply sum_le.
Qed.

Lemma sum_pos f l :
  (forall t, In t l -> 0 <= f t) -> (exists t, In t l /\ 0 < f t) -> 0 < sum f l.
Proof.
  intros H E. rewrite <- (sum_zero (fun _ => 0) l) by auto. now apply sum_lt.
Qed.

(** No summand exceeds a sum of summands that are not negative. *)
Lemma sum_ge_term f l t : (forall u, In u l -> 0 <= f u) -> In t l -> f t <= sum f l.
Proof.
  induction l as [|u l IH]; simpl; intros H Ht; [easy|].
  destruct Ht as [->|Ht].
  - assert (0 <= sum f l) by (apply sum_nonneg; auto). lra.
  - assert (0 <= f u) by auto. assert (f t <= sum f l) by auto. lra.
Qed.

(** Sums are differentiated term by term. *)
Lemma is_derive_sum (f f' : A -> R -> R) l x :
  (forall t, In t l -> is_derive (f t) x (f' t x)) ->
  is_derive (fun x => sum (fun t => f t x) l) x (sum (fun t => f' t x) l).
Proof.
  induction l as [|t l IH]; simpl; intros H.
  - apply (is_derive_const 0).
  - apply (is_derive_plus (f t) (fun x => sum (fun t => f t x) l)); auto.
Qed.

End Sum.

Lemma sum_swap {A B : Type} (h : A -> B -> R) (l : list A) (l' : list B) :
  sum (fun t => sum (h t) l') l = sum (fun u => sum (fun t => h t u) l) l'.
Proof.
  induction l as [|t l IH]; simpl.
  - symmetry. now apply sum_zero.
  - rewrite IH, <- sum_plus. reflexivity.
Qed.

Lemma sum_map {A B : Type} (h : B -> A) (f : A -> R) (l : list B) : sum f (map h l) = sum (fun t => f (h t)) l.
Proof. induction l as [|t l IH]; simpl; [|rewrite IH]; reflexivity. Qed.

(** Signs of sums are decided by a search through the list. *)
Lemma exists_or_none {A : Type} (P : A -> Prop) (l : list A) :
  (exists t, In t l /\ P t) \/ (forall t, In t l -> ~ P t).
Proof.
  induction l as [|t l [[u [Hu HP]]|IH]]; simpl.
  - right; easy.
  - left; eauto.
  - destruct (Classical_Prop.classic (P t)) as [H|H].
    + left; eauto.
    + right. intros u [->|Hu]; auto.
Qed.

(** ** Convexity and monotonicity *)

Definition convex (f : R -> R) : Prop :=
  forall x y t, 0 <= t <= 1 -> f ((1 - t) * x + t * y) <= (1 - t) * f x + t * f y.

Definition strictly_convex (f : R -> R) : Prop :=
  forall x y t, x <> y -> 0 < t < 1 -> f ((1 - t) * x + t * y) < (1 - t) * f x + t * f y.

Definition nonincreasing (f : R -> R) : Prop := forall x y, x <= y -> f y <= f x.
Definition strictly_decreasing (f : R -> R) : Prop := forall x y, x < y -> f y < f x.
Definition nondecreasing (f : R -> R) : Prop := forall x y, x <= y -> f x <= f y.
Definition strictly_increasing (f : R -> R) : Prop := forall x y, x < y -> f x < f y.

(** [x] is a minimiser of [f]. *)
Definition minimises (f : R -> R) (x : R) : Prop := forall y, f x <= f y.

Definition has_exactly_one_zero (f : R -> R) : Prop := exists! x, f x = 0.

(** The exponential function lies above its tangents. *)
Lemma exp_above_tangent x z : exp z * (1 + (x - z)) <= exp x.
Proof.
  replace (exp x) with (exp z * exp (x - z)) by (rewrite <- exp_plus; f_equal; ring).
  apply Rmult_le_compat_l; [left; apply exp_pos|]. apply exp_ineq1_le.
Qed.

Lemma exp_strictly_above_tangent x z : x <> z -> exp z * (1 + (x - z)) < exp x.
Proof.
  intros H.
  replace (exp x) with (exp z * exp (x - z)) by (rewrite <- exp_plus; f_equal; ring).
  apply Rmult_lt_compat_l; [apply exp_pos|]. apply exp_ineq1. lra.
Qed.

Lemma exp_nondecreasing : nondecreasing exp.
Proof. intros x y [H| ->]; [left; now apply exp_increasing|lra]. Qed.

Lemma exp_convex : convex exp.
Proof.
  intros x y t Ht. set (z := (1 - t) * x + t * y).
  pose proof (exp_above_tangent x z) as Hx. pose proof (exp_above_tangent y z) as Hy.
  apply (Rmult_le_compat_l (1 - t)) in Hx; [|lra].
  apply (Rmult_le_compat_l t) in Hy; [|lra].
  replace (exp z) with ((1 - t) * (exp z * (1 + (x - z))) + t * (exp z * (1 + (y - z))))
    by (unfold z; ring).
  lra.
Qed.

Lemma exp_strictly_convex : strictly_convex exp.
Proof.
  intros x y t Hxy Ht. set (z := (1 - t) * x + t * y).
  assert (x <> z).
  { unfold z. intros E. apply Hxy. assert (t * (x - y) = 0) as E' by lra.
    apply Rmult_integral in E'. lra. }
  assert (y <> z).
  { unfold z. intros E. apply Hxy. assert ((1 - t) * (x - y) = 0) as E' by lra.
    apply Rmult_integral in E'. lra. }
  pose proof (exp_strictly_above_tangent x z H) as Hx.
  pose proof (exp_strictly_above_tangent y z H0) as Hy.
  apply (Rmult_lt_compat_l (1 - t)) in Hx; [|lra].
  apply (Rmult_lt_compat_l t) in Hy; [|lra].
  replace (exp z) with ((1 - t) * (exp z * (1 + (x - z))) + t * (exp z * (1 + (y - z))))
    by (unfold z; ring).
  lra.
Qed.

(** ** Functions of time with a derivative of one sign *)

Lemma increment_of_derivative (f f' : R -> R) a b :
  a <= b -> (forall t, a <= t <= b -> is_derive f t (f' t)) ->
  exists c, a <= c <= b /\ f b - f a = f' c * (b - a).
Proof.
  intros H D. destruct (MVT_gen f a b f') as [c [Hc E]].
  - intros x. rewrite Rmin_left, Rmax_right by easy. intros Hx. apply D. lra.
  - intros x. rewrite Rmin_left, Rmax_right by easy. intros Hx.
    apply continuity_pt_filterlim. apply (ex_derive_continuous f). exists (f' x). now apply D.
  - rewrite Rmin_left, Rmax_right in Hc by easy. eauto.
Qed.

Lemma le_of_derivative (f f' : R -> R) a b :
  a <= b -> (forall t, a <= t <= b -> is_derive f t (f' t)) ->
  (forall t, a <= t <= b -> f' t <= 0) -> f b <= f a.
Proof.
  intros H D N. destruct (increment_of_derivative f f' a b H D) as [c [Hc E]].
  pose proof (N c Hc). assert (f' c * (b - a) <= 0) by nra. lra.
Qed.

Lemma eq_of_derivative (f : R -> R) a b :
  a <= b -> (forall t, a <= t <= b -> is_derive f t 0) -> f b = f a.
Proof.
  intros H D. destruct (increment_of_derivative f (fun _ => 0) a b H D) as [c [_ E]]. lra.
Qed.
