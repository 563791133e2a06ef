(** What the audit must refuse: a proof that goes round in a circle. *)

#[bypass_check(guard)]
Fixpoint round (n : nat) : False := round n.

Theorem T8_unguarded : 0 = 1.
Proof. destruct (round 0). Qed.
