(** What the audit must refuse: a module with the name of a library's, declared to have what nothing has. *)

Module Type False_one.
  Axiom classic : False.
End False_one.

Declare Module Classical_Prop : False_one.

Theorem T8_shadowed : 0 = 1.
Proof. destruct Classical_Prop.classic. Qed.
