(** What the audit must refuse: an assumption of this file, which Coq prints as it prints the standard library's axiom. *)

Polymorphic Hypothesis classic : False.

Theorem T8_forged : 0 = 1.
Proof. destruct classic. Qed.
