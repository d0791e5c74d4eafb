"""What one call of a worker does: render the copies of a few photos into a pack of the store.

A photo is decoded once for all its copies, and not at all where the store has them. What comes
back to the parent says where the bytes lie; pixels are never sent between processes.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cv2
import numpy as np

from augment.cache import keys
from augment.cache.packs import NO_PRINT, Found, Pack, Store
from augment.kernels import ops
from augment.kernels.draws import Draws
from augment.kernels.gates import Print, Scored, judge
from augment.kernels.mesh import Face
from augment.kernels.policies import CATALOGUE
from augment.rendering.faces import Faces
from augment.rendering.messages import Failed, Group, Made, Setup, Task
from augment.rendering.photo import Photo, PhotoFailed, lent, verified
from manifests.core import places
from manifests.core.seeds import derive
from manifests.tables.tasks import JPEG, suffix


def render(setup: Setup, groups: Sequence[Group]) -> list[Made | Failed]:
    """Render a few photos' copies; what was rendered anew is published as one pack."""
    with _packing(setup) as pack:
        copies = any(task.policy for group in groups for task in group.tasks)
        scored, faces = (_scored(setup), Faces(setup.scratch)) if copies else (None, None)
        call = _Call(setup, Store(setup.store, setup.scratch), pack, scored, faces)
        return [result for group in groups for result in call.group(group)]


def prints(setup: Setup, photos: Sequence[tuple[str, str]]) -> list[bytes]:
    """The prints of photos, given as (image_id, path); NO_PRINT for one that can't be read."""
    found = []
    with _packing(setup) as pack:
        call = _Call(setup, Store(setup.store, setup.scratch), pack, None, None)
        for image_id, path in photos:
            try:
                found.append(call.parent_print(Photo(setup.root, path, image_id, setup.max_bytes)).to_bytes())
            except PhotoFailed:
                found.append(NO_PRINT)
    return found


@contextmanager
def _packing(setup: Setup) -> Iterator[Pack]:
    """Give a pack, published if all goes well; a full disk is an error that names the store."""
    cv2.setNumThreads(0)  # OpenCV's threads would fight the other workers
    pack = Pack(setup.store)
    try:
        yield pack
        pack.publish()
    except OSError as error:
        said = error.strerror or str(error)  # an address has no number of an error
        raise OSError(error.errno or errno.EIO, said, error.filename or str(setup.store)) from error
    finally:
        pack.discard()


def _scored(setup: Setup) -> Scored | None:
    path = places.fetched(setup.scratch / "scored.npy")
    return None if path is None else Scored(np.load(path, allow_pickle=False))


Lender = Callable[[], np.ndarray]


@dataclass
class _Candidate:
    """A drawn copy: what it is made of, its print, and its bytes or where they may lie."""

    drawn: dict[str, Any]
    lender: Lender | None
    key: bytes
    replay: str
    print_: Print | None
    found: list[Found] = field(default_factory=list)
    content: bytes = b""


@dataclass
class _Call:
    """One call's store, pack, gates and faces."""

    setup: Setup
    store: Store
    pack: Pack
    scored: Scored | None
    faces: Faces | None

    def group(self, group: Group) -> Iterator[Made | Failed]:
        """Render one photo's tasks in order of copy, so that each is judged against its earlier siblings."""
        siblings: list[Print] = []
        try:
            photo = self._photo(group.image_id, group.path)
        except PhotoFailed as error:
            yield from (Failed(task.row, error.path, error.reason) for task in group.tasks)
            return
        for task in group.tasks:
            try:
                yield self._original(photo, task) if task.policy is None else self._copy(photo, task, siblings)
            except PhotoFailed as error:
                yield Failed(task.row, error.path, error.reason)

    def _photo(self, image_id: str, path: str) -> Photo:
        return Photo(self.setup.root, path, image_id, self.setup.max_bytes)

    def _original(self, photo: Photo, task: Task) -> Made:
        return Made(task.row, 0, task.seed, "{}", len(photo.content), photo.sha256, "", 0, (), False, 0)

    def _copy(self, photo: Photo, task: Task, siblings: list[Print]) -> Made:
        verdicts: list[str] = []
        rendered = 0
        for attempt, seed, drawn in self._attempts(photo, task):
            if not drawn and suffix(photo.path) == JPEG:  # the unaltered copy is no near duplicate by accident
                return self._original(photo, task)
            candidate = self._candidate(photo, task, drawn)
            rendered += bool(candidate.content)
            verdict = self._verdict(candidate, photo, siblings) if drawn else None  # unaltered on purpose
            kept = attempt, seed, candidate
            if verdict is None:
                break
            verdicts.append(verdict)
        attempt, seed, candidate = kept
        found, anew = self._keep(photo, task, candidate)
        if candidate.print_:
            siblings.append(candidate.print_)
        return Made(
            task.row,
            attempt,
            seed,
            candidate.replay,
            found.size,
            found.sha256,
            found.pack,
            found.offset,
            tuple(verdicts),
            verdict is not None,
            rendered + anew,
        )

    def _attempts(self, photo: Photo, task: Task) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """(attempt, seed, drawn) until the bound, or until a policy draws the same again."""
        before = None
        for attempt in range(self.setup.render.max_attempts if self.setup.render.gate else 1):
            seed = derive(self.setup.seed, photo.image_id, task.copy, attempt) if attempt else task.seed
            drawn = self._draw(photo, task, seed)
            if drawn == before:
                return
            before = drawn
            yield attempt, seed, drawn

    def _draw(self, photo: Photo, task: Task, seed: int) -> dict[str, Any]:
        """What the task's policy draws; a pipeline of albumentations draws on the photo as it then is."""
        assert task.policy is not None
        pipeline, ours = self.setup.theirs.get(task.policy, (None, task.policy))
        drawn = CATALOGUE[ours].draw(Draws(seed, task.seed), task.severity) if ours else {}
        if pipeline is None:
            return drawn
        from augment.kernels import theirs  # imports the library

        try:
            return drawn | {"albumentations": theirs.draw(pipeline, seed, ops.apply(photo.image, drawn))}
        except (cv2.error, ValueError, MemoryError) as error:
            raise PhotoFailed(photo.path, f"can't be rendered: {error}") from error

    def _candidate(self, photo: Photo, task: Task, drawn: dict[str, Any]) -> _Candidate:
        lender = self._lender(*task.donor, drawn) if task.donor else None
        replay = keys.replay(drawn)
        donor = task.donor[0] if task.donor else None
        key = keys.image_key(
            photo.image_id, replay, donor, self.setup.render.quality, self._faces(photo, task, drawn)[2]
        )
        found = [one for one in self.store.find(key) if not self.setup.render.gate or one.print_ != NO_PRINT]
        if found:
            print_ = Print.from_bytes(found[0].print_) if self.setup.render.gate else None
            return _Candidate(drawn, lender, key, replay, print_, [one for one in found if one.size])
        content, print_ = self._develop(photo, task, drawn, lender)
        return _Candidate(drawn, lender, key, replay, print_, [], content)

    def _develop(
        self, photo: Photo, task: Task, drawn: dict[str, Any], lender: Lender | None
    ) -> tuple[bytes, Print | None]:
        try:
            face, other, _ = self._faces(photo, task, drawn)
            donor = lender() if lender else None
            image, content = ops.develop(photo.image, drawn, donor, self.setup.render.quality, face, other)
            return content, Print.of(image) if self.setup.render.gate else None
        except (cv2.error, ValueError, MemoryError) as error:
            raise PhotoFailed(photo.path, f"can't be rendered: {error}") from error

    def _lender(self, image_id: str, path: str, drawn: dict[str, Any]) -> Lender:
        """What a copy takes from its donor, which is checked now; small ones are kept: rare cells have few donors."""
        if "tone" in drawn:
            photo = self._photo(image_id, path)
            return lambda: photo.image
        place = self.setup.run, self.setup.root, path, image_id, self.setup.max_bytes
        verified(*place)
        return lambda: lent(*place)

    def _faces(self, photo: Photo, task: Task, drawn: dict[str, Any]) -> tuple[Face | None, Face | None, str]:
        """The photo's face, the donor's, and a hash of both, where what is drawn depends on them."""
        if self.faces is None or ops.FACED.isdisjoint(drawn):
            return None, None, ""
        face, own = self.faces.of(photo.image_id)
        other, theirs = self.faces.of(task.donor[0]) if task.donor else (None, "")
        return face, other, f"{own}/{theirs}"

    def _verdict(self, candidate: _Candidate, photo: Photo, siblings: list[Print]) -> str | None:
        gate = self.setup.render.gate
        if gate is None or candidate.print_ is None:
            return None
        verdict = judge(gate, candidate.print_, self.parent_print(photo), siblings, self.scored)
        if verdict and candidate.content:
            self.pack.add(candidate.key, b"", bytes(32), candidate.print_.to_bytes())
        return verdict

    def _keep(self, photo: Photo, task: Task, candidate: _Candidate) -> tuple[Found, bool]:
        """The image's place in a pack, and whether it had to be rendered after all: what was stored is damaged."""
        for found in candidate.found:
            if self.store.read(found) is not None:
                return found, False
        content, print_ = candidate.content, candidate.print_
        anew = not content
        if anew:
            content, print_ = self._develop(photo, task, candidate.drawn, candidate.lender)
        stored = print_.to_bytes() if print_ else NO_PRINT
        return self.pack.add(candidate.key, content, sha256(content).digest(), stored), anew

    def parent_print(self, photo: Photo) -> Print:
        """A source photo's print, from the store or from its pixels."""
        if "print_" not in vars(photo):
            key = keys.print_key(photo.image_id)
            stored = next(self.store.find(key), None)
            if stored is not None:
                vars(photo)["print_"] = Print.from_bytes(stored.print_)
            else:
                self.pack.add(key, b"", bytes(32), photo.print_.to_bytes())
        return photo.print_
