"""Images that lie in arrays: .npy, .npz and idx."""
