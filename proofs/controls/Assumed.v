(** What the audit must refuse: a theorem that rests on an axiom of its own. `make audit` compiles it. *)

From Coq Require Import Reals.
Local Open Scope R_scope.

Axiom balance_is_positive : forall G : R -> R, 0 < G 0.

Theorem T8_assumed : exists G : R -> R, 0 < G 0.
Proof. exists (fun _ => 0). exact (balance_is_positive (fun _ => 0)). Qed.
