"""Policies by the digest that cases carry, kept at hand for the life of the process."""

from __future__ import annotations

from config.policy import Policy

_policies: dict[str, Policy] = {}


def remember_policy(policy: Policy) -> Policy:
    """Keep a policy at hand under the digest that cases carry."""
    _policies[policy.digest] = policy
    return policy


def remembered_policy(digest: str) -> Policy | None:
    """The policy of a digest, if this process has met it."""
    return _policies.get(digest)
