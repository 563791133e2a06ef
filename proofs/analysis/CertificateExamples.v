(** Certificates for a few concrete problems, as a generator would write them. *)

From Coq Require Import Reals List QArith.
From NoiseEquilibrium.analysis Require Import Balance Certificate.
Import ListNotations.
Local Open Scope Q_scope.

Definition three_terms : problem := Problem (1 # 100) (1 # 32)
  [RationalTerm 1 (3 # 4) (1 # 3);
   RationalTerm (-1) (1 # 8) 2;
   RationalTerm (-7 # 5) (15 # 16) (1 # 2)].

Theorem T8_example_three_terms_30_digits : equilibrium_between three_terms
  (84953983289612710982397529082 # 10 ^ 30)
  (84953983289612710982397529083 # 10 ^ 30).
Proof. enclose 139%positive. Qed.

Theorem T8_example_three_terms_100_digits : equilibrium_between three_terms
  (849539832896127109823975290828155174392455246935377130113711017702480918410800624054845360886135396 # 10 ^ 100)
  (849539832896127109823975290828155174392455246935377130113711017702480918410800624054845360886135397 # 10 ^ 100).
Proof. enclose 373%positive. Qed.

Definition twenty_terms : problem := Problem (1 # 100) (1 # 32)
  [RationalTerm (27 # 10) (185 # 32) (351 # 32);
   RationalTerm 2 (49 # 8) (901 # 64);
   RationalTerm (27 # 10) (77 # 64) (133 # 32);
   RationalTerm (13 # 10) (325 # 64) (869 # 64);
   RationalTerm (27 # 10) (103 # 128) (893 # 64);
   RationalTerm (-1) (293 # 64) (927 # 64);
   RationalTerm (-2) (27 # 128) (421 # 64);
   RationalTerm (-2 # 5) (19 # 32) (105 # 64);
   RationalTerm (-11 # 5) (163 # 64) (485 # 64);
   RationalTerm 3 (297 # 64) (115 # 16);
   RationalTerm (-2 # 5) (213 # 128) (51 # 16);
   RationalTerm (-1) 5 (465 # 32);
   RationalTerm (13 # 10) (343 # 128) (21 # 4);
   RationalTerm (-3 # 10) (47 # 64) (321 # 32);
   RationalTerm (3 # 10) (103 # 16) (861 # 64);
   RationalTerm (1 # 10) (207 # 64) (83 # 64);
   RationalTerm (-17 # 10) (293 # 64) (31 # 8);
   RationalTerm (-14 # 5) (103 # 64) (3 # 2);
   RationalTerm (-5 # 2) (97 # 64) (259 # 64);
   RationalTerm (7 # 5) (391 # 64) (145 # 32)].

Theorem T8_example_twenty_terms_30_digits : equilibrium_between twenty_terms
  (-13962668594033519237198729758 # 10 ^ 30)
  (-13962668594033519237198729757 # 10 ^ 30).
Proof. enclose 139%positive. Qed.

Theorem T8_example_twenty_terms_100_digits : equilibrium_between twenty_terms
  (-139626685940335192371987297574130162310644071490017991497925248151173696495982303882113368997130025 # 10 ^ 100)
  (-139626685940335192371987297574130162310644071490017991497925248151173696495982303882113368997130024 # 10 ^ 100).
Proof. enclose 373%positive. Qed.


(** The other statuses, decided in rational arithmetic. *)

Definition noise_on_one_sign : problem := Problem 0 (1 # 32) [RationalTerm 1 2 3; RationalTerm (1 # 2) 1 0].

Theorem T8_example_plus_infinity : forall λ, (0 < problem_balance noise_on_one_sign λ)%R.
Proof. exact (T8_status noise_on_one_sign eq_refl). Qed.

Definition decay_without_noise : problem := Problem (1 # 10) (1 # 32) [RationalTerm 1 0 3].

Theorem T8_example_minus_infinity : forall λ, (problem_balance decay_without_noise λ < 0)%R.
Proof. exact (T8_status decay_without_noise eq_refl). Qed.

Definition nothing_live : problem := Problem 0 (1 # 32) [RationalTerm 1 0 3; RationalTerm 0 5 1].

Theorem T8_example_degenerate : forall λ, (problem_balance nothing_live λ = 0)%R.
Proof. exact (T8_status nothing_live eq_refl). Qed.

Definition balanced_at_start : problem := Problem (1 # 10) (1 # 32) [RationalTerm 1 7 3; RationalTerm (-1) 7 3].

Theorem T8_example_equilibrium_at_start : is_equilibrium balanced_at_start 0.
Proof. apply T8_equilibrium_at_start; reflexivity. Qed.

(** Negative controls: what is false is not proved. *)

(** An interval beside the equilibrium. *)
Goal equilibrium_between three_terms (8 # 100) (9 # 100).
Proof. enclose 60%positive. Qed.
Goal equilibrium_between three_terms (7 # 100) (8 # 100).
Proof. Fail enclose 60%positive. Abort.
Goal equilibrium_between three_terms (9 # 100) (10 # 100).
Proof. Fail enclose 60%positive. Abort.

(** Too few bits for so narrow an interval. *)
Goal equilibrium_between three_terms
  (84953983289612710982397529082 # 10 ^ 30)
  (84953983289612710982397529083 # 10 ^ 30).
Proof. Fail enclose 60%positive. Abort.

(** A problem that is none: noise that is negative. *)
Goal equilibrium_between (Problem (1 # 100) (1 # 32) [RationalTerm 1 (-3 # 4) (-1)]) (-10) 10.
Proof. Fail enclose 60%positive. Abort.

(** Another status than the true one. *)
Fail Check (T8_status noise_on_one_sign eq_refl : forall λ, (problem_balance noise_on_one_sign λ < 0)%R).
Goal is_equilibrium three_terms 0.
Proof. Fail (apply T8_equilibrium_at_start; reflexivity). Abort.
