"""Initial weights. W is ``n_in × n_out`` (a convolution's ``c_out × c_in × kh × kw``)."""
