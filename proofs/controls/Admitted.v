(** What the audit must refuse: a theorem without a proof. *)

From Coq Require Import Reals.
Local Open Scope R_scope.

Theorem T8_admitted : forall G : R -> R, 0 < G 0.
Admitted.
