"""How far a policy moves the labels, as cross-fitted judges see it."""
