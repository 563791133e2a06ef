(** What every theorem rests on. `make` in this folder compiles this file; audit.py reads what it prints. *)

From NoiseEquilibrium.analysis Require Import
  Balance Equilibrium Dependence Relaxation FiniteRate ClosedForms Matrices Hull Torus Certificate CertificateExamples.
From NoiseEquilibrium.algebra Require Form Derivative Symmetry Charge ChargeDecay DiscreteLaw LayerPair Spectral GeometricMean Factorisation DeepLinear SingularValues Semidefinite Exponential Reduction RealNumbers.
Set Printing Width 1000.

(** analysis/Balance.v *)
Locate T7_potential_derivative. Print Assumptions T7_potential_derivative.
Locate T7_balance_derivative. Print Assumptions T7_balance_derivative.
Locate T7_nonincreasing. Print Assumptions T7_nonincreasing.
Locate T7_strictly_decreasing_iff. Print Assumptions T7_strictly_decreasing_iff.
Locate T7_not_live_iff. Print Assumptions T7_not_live_iff.
Locate T7_balance_slope_sign. Print Assumptions T7_balance_slope_sign.
Locate T7_potential_convex. Print Assumptions T7_potential_convex.
Locate T7_potential_strictly_convex_iff. Print Assumptions T7_potential_strictly_convex_iff.
Locate T9_norm_convex. Print Assumptions T9_norm_convex.
Locate T9_below_chord. Print Assumptions T9_below_chord.
Locate T9_no_barrier. Print Assumptions T9_no_barrier.

(** analysis/Equilibrium.v *)
Locate T8_both_pull. Print Assumptions T8_both_pull.
Locate T8_only_up. Print Assumptions T8_only_up.
Locate T8_only_down. Print Assumptions T8_only_down.
Locate T8_neither. Print Assumptions T8_neither.
Locate T8_zero_iff_minimiser. Print Assumptions T8_zero_iff_minimiser.
Locate T8_unique_minimiser. Print Assumptions T8_unique_minimiser.
Locate T8_signs. Print Assumptions T8_signs.
Locate T10_sign. Print Assumptions T10_sign.
Locate T10_sign_infinite. Print Assumptions T10_sign_infinite.
Locate T10_charge_derivative. Print Assumptions T10_charge_derivative.
Locate T10_charge_nondecreasing. Print Assumptions T10_charge_nondecreasing.
Locate T10_charge_strictly_increasing. Print Assumptions T10_charge_strictly_increasing.
Locate T10_towards_equilibrium. Print Assumptions T10_towards_equilibrium.
Locate T12_balance. Print Assumptions T12_balance.
Locate T12_zero. Print Assumptions T12_zero.
Locate T12_same_point. Print Assumptions T12_same_point.
Locate T12_status. Print Assumptions T12_status.
Locate T13_without_decay. Print Assumptions T13_without_decay.
Locate T13_scaling_with_decay. Print Assumptions T13_scaling_with_decay.
Locate L3_degenerate_iff. Print Assumptions L3_degenerate_iff.
Locate L3_not_unique. Print Assumptions L3_not_unique.
Locate L3_example. Print Assumptions L3_example.
Locate L4_no_equilibrium. Print Assumptions L4_no_equilibrium.
Locate L4_example. Print Assumptions L4_example.

(** analysis/Dependence.v *)
Locate T11_balance_velocity. Print Assumptions T11_balance_velocity.
Locate T11_continuous. Print Assumptions T11_continuous.
Locate T11_derivative. Print Assumptions T11_derivative.

(** analysis/Relaxation.v *)
Locate T14_charge_law. Print Assumptions T14_charge_law.
Locate T14_flow_of_charge_law. Print Assumptions T14_flow_of_charge_law.
Locate T14_linearisation. Print Assumptions T14_linearisation.
Locate T14_rate_positive. Print Assumptions T14_rate_positive.
Locate T14_flow_near. Print Assumptions T14_flow_near.
Locate T14_decay. Print Assumptions T14_decay.
Locate T14_charge_decay. Print Assumptions T14_charge_decay.

(** analysis/FiniteRate.v *)
Locate T15_reduction. Print Assumptions T15_reduction.
Locate T15_balance. Print Assumptions T15_balance.
Locate T15_admissible. Print Assumptions T15_admissible.
Locate T15_both_pull. Print Assumptions T15_both_pull.
Locate T15_hypothesis_needed. Print Assumptions T15_hypothesis_needed.

(** analysis/ClosedForms.v *)
Locate C1_rescaling. Print Assumptions C1_rescaling.
Locate C1_solution. Print Assumptions C1_solution.
Locate C1_without_decay. Print Assumptions C1_without_decay.
Locate C2_scaling. Print Assumptions C2_scaling.
Locate C2_fourth_power_rate. Print Assumptions C2_fourth_power_rate.
Locate C2_growth. Print Assumptions C2_growth.
Locate C2_relaxation. Print Assumptions C2_relaxation.

(** analysis/Matrices.v *)
Locate T12_displaced. Print Assumptions T12_displaced.
Locate T7_balance_of_matrices. Print Assumptions T7_balance_of_matrices.
Locate T7_potential_of_matrices. Print Assumptions T7_potential_of_matrices.
Locate T10_speed_of_matrices. Print Assumptions T10_speed_of_matrices.
Locate T7_admissible. Print Assumptions T7_admissible.

(** analysis/Hull.v *)
Locate T16_relative_interior. Print Assumptions T16_relative_interior.

(** analysis/Torus.v *)
Locate T16_convex. Print Assumptions T16_convex.
Locate T16_gradient. Print Assumptions T16_gradient.
Locate T16_minimiser_iff_balanced. Print Assumptions T16_minimiser_iff_balanced.
Locate T16_unique. Print Assumptions T16_unique.
Locate T16_flat. Print Assumptions T16_flat.
Locate T16_hull_criterion. Print Assumptions T16_hull_criterion.
Locate T16_recession. Print Assumptions T16_recession.

(** analysis/Certificate.v *)
Locate T8_status. Print Assumptions T8_status.
Locate T8_status_exact. Print Assumptions T8_status_exact.
Locate T8_enclosure. Print Assumptions T8_enclosure.
Locate T8_equilibrium_at_start. Print Assumptions T8_equilibrium_at_start.

(** analysis/CertificateExamples.v *)
Locate T8_example_three_terms_30_digits. Print Assumptions T8_example_three_terms_30_digits.
Locate T8_example_three_terms_100_digits. Print Assumptions T8_example_three_terms_100_digits.
Locate T8_example_twenty_terms_30_digits. Print Assumptions T8_example_twenty_terms_30_digits.
Locate T8_example_twenty_terms_100_digits. Print Assumptions T8_example_twenty_terms_100_digits.
Locate T8_example_plus_infinity. Print Assumptions T8_example_plus_infinity.
Locate T8_example_minus_infinity. Print Assumptions T8_example_minus_infinity.
Locate T8_example_degenerate. Print Assumptions T8_example_degenerate.
Locate T8_example_equilibrium_at_start. Print Assumptions T8_example_equilibrium_at_start.

(** Over matrices *)

(** algebra/Symmetry.v *)
Locate Symmetry.T1_orthogonality. Print Assumptions Symmetry.T1_orthogonality.
Locate Symmetry.T1_combination. Print Assumptions Symmetry.T1_combination.
Locate Symmetry.T2_gradient. Print Assumptions Symmetry.T2_gradient.
Locate Symmetry.T2_covariance. Print Assumptions Symmetry.T2_covariance.
Locate Symmetry.T2_hessian. Print Assumptions Symmetry.T2_hessian.
Locate Symmetry.T2_gradient_on_orbit. Print Assumptions Symmetry.T2_gradient_on_orbit.
Locate Symmetry.T2_covariance_on_orbit. Print Assumptions Symmetry.T2_covariance_on_orbit.
Locate Symmetry.T2_hessian_on_orbit. Print Assumptions Symmetry.T2_hessian_on_orbit.
Locate Symmetry.T2_no_noise_at_fixed_point. Print Assumptions Symmetry.T2_no_noise_at_fixed_point.
Locate Symmetry.T9_loss_constant. Print Assumptions Symmetry.T9_loss_constant.

(** algebra/Charge.v *)
Locate Charge.T3_charge_under_flow. Print Assumptions Charge.T3_charge_under_flow.
Locate Charge.T4_drift. Print Assumptions Charge.T4_drift.
Locate Charge.T4_no_noise. Print Assumptions Charge.T4_no_noise.
Locate Charge.T4_no_martingale. Print Assumptions Charge.T4_no_martingale.
Locate Charge.T10_charge_on_orbit. Print Assumptions Charge.T10_charge_on_orbit.
Locate Charge.L1_antisymmetric. Print Assumptions Charge.L1_antisymmetric.
Locate Charge.L1_symmetric_part. Print Assumptions Charge.L1_symmetric_part.
Locate Charge.L1_conserved_iff. Print Assumptions Charge.L1_conserved_iff.
Locate Charge.L1_shear_symmetry. Print Assumptions Charge.L1_shear_symmetry.
Locate Charge.L1_shear_group. Print Assumptions Charge.L1_shear_group.
Locate Charge.L1_counterexample. Print Assumptions Charge.L1_counterexample.
Locate Charge.L1_counterexample_flow. Print Assumptions Charge.L1_counterexample_flow.
Locate Charge.L2_drift. Print Assumptions Charge.L2_drift.
Locate Charge.L2_variance. Print Assumptions Charge.L2_variance.
Locate Charge.L2_isotropic. Print Assumptions Charge.L2_isotropic.

(** algebra/ChargeDecay.v *)
Locate ChargeDecay.T3_charge_decay. Print Assumptions ChargeDecay.T3_charge_decay.
Locate ChargeDecay.T3_charge_conserved. Print Assumptions ChargeDecay.T3_charge_conserved.

(** algebra/DiscreteLaw.v *)
Locate DiscreteLaw.T5_discrete_law. Print Assumptions DiscreteLaw.T5_discrete_law.
Locate DiscreteLaw.T5_discrete_law_combination. Print Assumptions DiscreteLaw.T5_discrete_law_combination.
Locate DiscreteLaw.T5_mean_with_replacement. Print Assumptions DiscreteLaw.T5_mean_with_replacement.
Locate DiscreteLaw.T5_mean_without_replacement. Print Assumptions DiscreteLaw.T5_mean_without_replacement.
Locate DiscreteLaw.T15_finite_learning_rate. Print Assumptions DiscreteLaw.T15_finite_learning_rate.

(** algebra/LayerPair.v *)
Locate LayerPair.T17_gradient. Print Assumptions LayerPair.T17_gradient.
Locate LayerPair.T17_balance_function. Print Assumptions LayerPair.T17_balance_function.
Locate LayerPair.T17_balance_iff. Print Assumptions LayerPair.T17_balance_iff.
Locate LayerPair.T17_orbit_balance. Print Assumptions LayerPair.T17_orbit_balance.
Locate LayerPair.T17_orbit_potential. Print Assumptions LayerPair.T17_orbit_potential.

(** algebra/GeometricMean.v *)
Locate GeometricMean.T17_geometric_mean. Print Assumptions GeometricMean.T17_geometric_mean.
Locate GeometricMean.T17_unique. Print Assumptions GeometricMean.T17_unique.
Locate GeometricMean.T17_exactly_one. Print Assumptions GeometricMean.T17_exactly_one.
Locate GeometricMean.T17_minimum. Print Assumptions GeometricMean.T17_minimum.
Locate GeometricMean.T17_balanced_exists. Print Assumptions GeometricMean.T17_balanced_exists.
Locate GeometricMean.T17_balanced_unique. Print Assumptions GeometricMean.T17_balanced_unique.
Locate GeometricMean.T17_balanced_rotation. Print Assumptions GeometricMean.T17_balanced_rotation.

(** algebra/Factorisation.v *)
Locate Factorisation.C3_loss. Print Assumptions Factorisation.C3_loss.
Locate Factorisation.C3_global_minimum. Print Assumptions Factorisation.C3_global_minimum.
Locate Factorisation.C3_gradient_descent_stays. Print Assumptions Factorisation.C3_gradient_descent_stays.
Locate Factorisation.C3_Gamma_W. Print Assumptions Factorisation.C3_Gamma_W.
Locate Factorisation.C3_Gamma_U. Print Assumptions Factorisation.C3_Gamma_U.
Locate Factorisation.C3_balance. Print Assumptions Factorisation.C3_balance.

(** algebra/DeepLinear.v *)
Locate DeepLinear.C4_layer_balance. Print Assumptions DeepLinear.C4_layer_balance.
Locate DeepLinear.C4_layer_equations. Print Assumptions DeepLinear.C4_layer_equations.
Locate DeepLinear.C4_product. Print Assumptions DeepLinear.C4_product.

(** algebra/SingularValues.v *)
Locate SingularValues.C4_exists. Print Assumptions SingularValues.C4_exists.

(** algebra/Semidefinite.v *)
Locate Semidefinite.T17_minimiser_iff. Print Assumptions Semidefinite.T17_minimiser_iff.
Locate Semidefinite.T17_attained_iff. Print Assumptions Semidefinite.T17_attained_iff.
Locate Semidefinite.T17_solutions_agree. Print Assumptions Semidefinite.T17_solutions_agree.
Locate Semidefinite.T17_not_unique. Print Assumptions Semidefinite.T17_not_unique.
Locate Semidefinite.T17_not_attained. Print Assumptions Semidefinite.T17_not_attained.

(** algebra/Exponential.v *)
Locate Exponential.D1_exponential_exists. Print Assumptions Exponential.D1_exponential_exists.

(** algebra/Reduction.v *)
Locate Reduction.T2_covariance_semidefinite. Print Assumptions Reduction.T2_covariance_semidefinite.
Locate Reduction.T2_coordinates. Print Assumptions Reduction.T2_coordinates.
Locate Reduction.T2_noise_powers. Print Assumptions Reduction.T2_noise_powers.
Locate Reduction.T2_nonnegative. Print Assumptions Reduction.T2_nonnegative.
Locate Reduction.T7_charge. Print Assumptions Reduction.T7_charge.
Locate Reduction.T7_noise_charge. Print Assumptions Reduction.T7_noise_charge.
Locate Reduction.T7_norm. Print Assumptions Reduction.T7_norm.
Locate Reduction.T7_trace_noise. Print Assumptions Reduction.T7_trace_noise.
Locate Reduction.T10_speed. Print Assumptions Reduction.T10_speed.
Locate Reduction.T7_balance. Print Assumptions Reduction.T7_balance.
Locate Reduction.T7_potential. Print Assumptions Reduction.T7_potential.
Locate Reduction.T7_balance_of_loss. Print Assumptions Reduction.T7_balance_of_loss.
Locate Reduction.T13_noise_brings_charge. Print Assumptions Reduction.T13_noise_brings_charge.
Locate Reduction.T7_spectrum_exists. Print Assumptions Reduction.T7_spectrum_exists.

(** algebra/RealNumbers.v *)
Locate RealNumbers.D1_exponential_of_reals. Print Assumptions RealNumbers.D1_exponential_of_reals.
Locate RealNumbers.T7_spectrum_of_reals. Print Assumptions RealNumbers.T7_spectrum_of_reals.
Locate RealNumbers.L1_flow_of_reals. Print Assumptions RealNumbers.L1_flow_of_reals.
