(** What the audit must refuse: something false, though no theorem uses it. *)

Module Type False_one.
  Parameter false : False.
End False_one.

Declare Module Nothing : False_one.

Theorem T8_unused : 0 = 0.
Proof. reflexivity. Qed.
