"""What leaves' classes and their further uses are called, and what is said about them."""

from __future__ import annotations

from sharedsl.analysis import lowering as low
from sharedsl.emit.hosts import Host
from sharedsl.emit.inits import changed
from sharedsl.emit.needs import Role
from sharedsl.model import weights as w


def role_names(host: Host) -> dict[Role, str]:
    """The argument that asks an owner for each of its further uses."""
    names: dict[Role, str] = {}
    for role in host.roles:
        name = _role_name(host, role)
        number = 2
        while name in names.values():
            name, number = f"{_role_name(host, role)}_{number}", number + 1
        names[role] = name
    return names


def _role_name(host: Host, role: Role) -> str:
    if role.bias:
        return "base"
    form = role.form
    if isinstance(form, low.Whole) and isinstance(form.expr, w.Read):
        if host.unit.name == "Embedding" and role.layer == "Linear":
            return "project"
        names = {storage.index: storage.name for storage in host.owned}
        if names.get(form.expr.storage, "").startswith("weight_v"):
            return "basis"
        return "lookup" if role.layer == "Embedding" else "base"
    if isinstance(form, low.Whole) and isinstance(form.expr, w.Permute):
        return "transpose"
    if host.unit.name == "Embedding":
        return "project" if role.layer == "Linear" else "lookup"
    return "other"


def plain(host: Host, solved: w.Solved) -> bool:
    """Whether the leaf's own use is that of torch's module with its own weights."""
    return host.rows == 1 and own_weights(host, solved)


def own_weights(host: Host, solved: w.Solved) -> bool:
    """Whether the leaf reads its own weights as torch's module has them."""
    names = {storage.name for storage in host.owned}
    if not names >= set(host.unit.weights) or host.stepped:
        return False
    if host.reach is None:
        return len(host.variants) < 2
    if host.reach.needs:
        return False
    for name, site in host.apps[0].weights.items():
        read = solved.reads[site]
        if isinstance(read, w.Repeat) and host.reach.repeated is not None:
            read = read.of
        if not isinstance(read, w.Read) or solved.storages[read.storage].name != name:
            return False
    return True


def keeps_statistics(host: Host) -> bool:
    """Whether torch's module is there for its statistics alone, because all its weights are another's."""
    return bool(host.unit.buffers) and not host.owned


def torch_statistics(host: Host, solved: w.Solved) -> bool:
    """Whether it is torch's module with other rows of statistics, which has `eps` and `momentum` of its own."""
    return keeps_statistics(host) or (host.rows > 1 and own_weights(host, solved) and not changed(host))


def bias_only(host: Host) -> bool:
    """Whether all that the module does is add a bias."""
    needs = host.reach.needs if host.reach is not None else ()
    return {storage.name for storage in host.owned} == {"bias"} and not needs and host.reach is None


def leaf_name(host: Host) -> str:
    """The name of a leaf's own class, by what it is made of."""
    names = {storage.name for storage in host.owned}
    kind = host.unit.name
    if host.tables.gathers:
        return f"Gathered{kind}"
    word = _contracted(host)
    if word is not None:
        return f"{word[0]}{kind}"
    if names == {"bias"}:
        return "Bias"
    if any(name.startswith("weight_u") for name in names) and not any(name.startswith("weight_v") for name in names):
        return f"Basis{kind}"
    if any(name.startswith(("weight_u", "weight_v")) for name in names):
        return f"LowRank{kind}"
    if any("magnitude" in name for name in names):
        return f"Dora{kind}"
    if any(name.startswith("weight_scale") for name in names) and "weight" in names:
        return f"Scaled{kind}"
    if any("lora" in name for name in names):
        return f"Lora{kind}" if "weight" in names else "Lora"
    if any("bank" in name or "coef" in name for name in names):
        return f"Mixed{kind}"
    return f"Shared{kind}"


def leaf_doc(host: Host, solved: w.Solved) -> str:
    """The docstring of a leaf's class."""
    names = role_names(host)
    kind = host.unit.name
    if host.roles and plain(host, solved):
        uses = " and ".join(_use_words(name) for name in names.values())
        return f"{_article(kind)} whose weight is used again: {uses}."
    if plain(host, solved) and not host.exports:
        return f"nn.{kind} with the initial values of the spec."
    if host.rows > 1 and own_weights(host, solved):
        return _row_words(host)
    if host.exports and not host.roles:
        return f"{_article(kind)} that others read: without input it gives its weight."
    if bias_only(host):
        return "A bias whose weight is another layer's."
    if host.rows > 1:
        return _row_words(host)
    owned = {storage.name for storage in host.owned}
    if host.tables.gathers:
        return f"{_article(kind)} whose weight is put together from elements of the tensor given."
    word = _contracted(host)
    if word is not None:
        return f"{_article(kind)} whose weight is {word[1]}."
    if any("magnitude" in name for name in owned):
        return f"{_article(kind)} with a low-rank correction, its rows as long as it has learnt."
    if any(name.startswith("weight_scale") for name in owned) and "weight" in owned:
        return f"{_article(kind)} whose weight is multiplied by numbers of its own."
    if any("lora" in name for name in owned):
        if "weight" not in owned:
            return f"The low-rank correction of {_article(kind)[0].lower() + _article(kind)[1:]} that it is given."
        return f"{_article(kind)} with a low-rank correction of its own."
    if any(n.startswith("weight_u") for n in owned) and not any(n.startswith("weight_v") for n in owned):
        return f"{_article(kind)} over another's basis: its weight is a product with the factor given."
    if any(name.endswith(("_u", "_v")) for name in owned):
        return f"{_article(kind)} whose weight is a product of two factors."
    return f"{_article(kind)} made of shared and private parts."


def _row_words(host: Host) -> str:
    whose = f"{_article(host.unit.name)}{'' if host.owned else ' with weights of another'}"
    more = " Without input it gives its weights." if host.exports else ""
    return f"{whose}; each of its applications has statistics of its own, a row of every buffer.{more}"


#: by the first part of a contraction: what its class is called, and what is said about it
CONTRACTED = {
    "core": ("Tucker", "a core times a matrix for each axis (Tucker)"),
    "core0": ("TensorTrain", "a tensor train"),
    "weights": ("Polyadic", "a weighted sum of rank-one tensors (CP)"),
    "a": ("Kronecker", "a sum of Kronecker products"),
    "b": ("Kronecker", "a sum of Kronecker products"),
    "left": ("Monarch", "two block-diagonal matrices with a permutation between (Monarch)"),
    "stage0": ("Butterfly", "a product of butterfly matrices"),
}


def _contracted(host: Host) -> tuple[str, str] | None:
    """The words for a weight that is contracted from parts, by those that the module owns."""
    parts = {storage.name.rpartition("_")[2] for storage in host.owned if storage.role == "core"}
    for part, words in CONTRACTED.items():
        if part in parts:
            return words
    return ("Tensor", "contracted from small tensors") if parts else None


def _use_words(name: str) -> str:
    return {
        "project": "`project` turns features into scores of its rows",
        "transpose": "`transpose` maps back",
        "base": "`base` leaves private parts out",
        "basis": "`basis` is the right factor alone",
        "lookup": "`lookup` reads rows",
    }.get(name, f"`{name}`")


def _article(kind: str) -> str:
    return ("An " if kind[0] in "AEIOU" else "A ") + kind
