"""Effects by the names that contracts use. Everything else about a step is in its contract."""

from __future__ import annotations

from collections.abc import Mapping

from isao_reference.functions.effects import agreements, alerts, feedback, memberships, recalls, reviews, submissions
from isao_reference.functions.moment import Effect

EFFECTS: Mapping[str, Effect] = {
    "one-for-each-organization": memberships.one_for_each_organization,
    "every-criterion-is-met": memberships.every_criterion_is_met,
    "standing-good": memberships.standing("good"),
    "standing-suspended": memberships.standing("suspended"),
    "standing-former": memberships.standing("former"),
    "state-its-digest": agreements.state_its_digest,
    "take-the-place-of-the-last": agreements.take_the_place_of_the_last,
    "the-signed-text-is-this-one": agreements.the_signed_text_is_this_one,
    "no-longer-demanded": agreements.no_longer_demanded,
    "correlate": submissions.correlate,
    "publish-or-hold": submissions.publish_or_hold,
    "publish-submission": submissions.publish_submission,
    "publish-minimised": submissions.publish_minimised,
    "recall-submission": submissions.recall_submission,
    "what-it-is-about-is-there": alerts.what_it_is_about_is_there,
    "name-mitigations": alerts.name_mitigations,
    "publish-alert": alerts.publish_alert,
    "revoke-alert": alerts.revoke_alert,
    "tell-the-silent": alerts.tell_the_silent,
    "route-to-originator": feedback.route_to_originator,
    "publish-opinion": feedback.publish_opinion,
    "minimise-what-is-certain": reviews.minimise_what_is_certain,
    "the-reason-names-no-values": reviews.the_reason_names_no_values,
    "publish-the-original": reviews.publish_the_original,
    "publish-a-minimised-copy": reviews.publish_a_minimised_copy,
    "revoke-the-copy": reviews.revoke_the_copy,
    "forget-the-original": reviews.forget_the_original,
    "say-that-it-is-overdue": reviews.say_that_it_is_overdue,
    "settle-the-statuses": reviews.settle_the_statuses,
    "the-item-is-the-callers-to-recall": recalls.the_item_is_the_callers_to_recall,
    "revoke-the-item": recalls.revoke_the_item,
    "reach-its-recipients": recalls.reach_its_recipients,
}
