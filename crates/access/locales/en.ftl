error-forbidden = Your post does not allow this step
