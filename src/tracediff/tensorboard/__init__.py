"""Other people's viewers, made to open our traces on a machine without internet: TensorBoard and Perfetto."""
