"""The only room that imports TensorFlow: networks, fitting, calibration, export."""
