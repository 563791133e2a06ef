(** What the audit must refuse: an obligation that is left. *)

From Coq Require Import Program.Tactics.

Program Definition none : {n : nat | n < 0} := 0.
Admit Obligations.

Theorem T8_obligation : exists n, n < 0.
Proof. exists (proj1_sig none). exact (proj2_sig none). Qed.
