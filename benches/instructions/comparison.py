"""What the counts of today say beside those that are kept."""

# So much more or less is no finding: processors choose other variants of memcpy, and so do other versions of the C library.
TOLERANCE = 0.03


def differences(kept, counted):
    """A line for each subject whose count left the tolerance, or that only one side has."""
    lines = []
    for subject in sorted(kept.keys() | counted.keys()):
        if subject not in counted:
            lines.append(f"{subject}: is kept and not counted any more. Renew the counts")
        elif subject not in kept:
            lines.append(f"{subject}: {counted[subject]:,.0f} instructions, which nothing is kept of. Renew the counts")
        else:
            old, new = kept[subject], counted[subject]
            change = (new - old) / old
            if change > TOLERANCE:
                lines.append(f"{told(subject, old, new)}: slower")
            elif change < -TOLERANCE:
                lines.append(f"{told(subject, old, new)}: faster. Renew the counts, so that it stays so")
    return lines


def told(subject, old, new):
    return f"{subject}: {old:,.0f} → {new:,.0f} instructions, {(new - old) / old:+.1%}"
