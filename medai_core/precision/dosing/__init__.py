"""How much warfarin to give: published protocols, Bayesian dosing, and a policy that was trained in simulation."""
