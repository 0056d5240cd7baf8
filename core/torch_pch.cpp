// Carries the precompiled header that the torch files of core share; has no code of its own.
