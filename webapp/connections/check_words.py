"""What each `CheckCode` means to an administrator: what happened, why, and what to do in Entra or here."""

from __future__ import annotations

from webapp.domain.check_codes import CheckCode
from webapp.words import Words

_OPEN_SECRETS = "In Entra, open <b>Certificates &amp; secrets</b> of the app and choose <b>New client secret</b>."
_PASTE_VALUE = "Paste its <b>Value</b> into Secret Value here and press <b>Set</b>."
_OVERVIEW = "Copy both IDs from the same app’s <b>Overview</b> page in Entra and press <b>Set</b>."
_HOSTS = "Check that this server may open <code>{host}</code>, port 443, then check again."
_CLOUD_SETTINGS = (
    "Compare ENTRA_AUTHORITY and GRAPH_BASE_URL of this server: both have to name the cloud the tenant lives in."
)
_AGAIN = "Check again in a few minutes."
_TWO_HOURS = "A change in Exchange takes up to 2 hours to have effect; the check tries again by itself for that long."

CHECK_WORDS: dict[str, Words] = {
    CheckCode.CALENDAR_UNPROVEN: Words(
        "Sign-in and the list of rooms work; calendar access is not proven yet",
        "No room is linked and the tenant lists none, so no calendar could be tried.",
    ),
    CheckCode.READ_ONLY: Words(
        "Calendars can be read, but not written",
        "The app holds Calendars.Read and not Calendars.ReadWrite, so reservations made here would not arrive.",
        ("Add Calendars.ReadWrite in Entra and click <b>Grant admin consent</b> (step 7a).",),
    ),
    CheckCode.SECRET_WRONG: Words(
        "Microsoft does not accept the secret",
        "Most often the Secret ID was pasted where the Secret Value belongs, or the value lost a character.",
        (
            f"{_OPEN_SECRETS} An old value cannot be read again.",
            "Copy the <b>Value</b> column, not the Secret ID.",
            "Paste it into Secret Value here and press <b>Set</b>.",
        ),
    ),
    CheckCode.SECRET_EXPIRED: Words(
        "The secret expired",
        "Microsoft takes it no more. Sync of its rooms rests; changes made here wait and are not lost.",
        (_OPEN_SECRETS, _PASTE_VALUE, "Enter the new Secret Expiration too, so that a reminder comes in time."),
    ),
    CheckCode.SECRET_MISSING: Words(
        "Microsoft saw no secret",
        "Something between this server and Microsoft cut it out of the request.",
        ("Look at the proxy on the way, then check again.", f"If there is none: {_PASTE_VALUE}"),
    ),
    CheckCode.APP_NOT_FOUND: Words(
        "This tenant has no app with this client ID",
        "The Application (client) ID or the Directory (tenant) ID is that of something else.",
        (_OVERVIEW,),
    ),
    CheckCode.APP_DISABLED: Words(
        "The app is switched off in Entra",
        "Somebody disabled sign-in for it.",
        (
            "In Entra, open <b>Enterprise applications</b>, the app, <b>Properties</b>, and set "
            "Enabled for users to sign-in to Yes.",
        ),
    ),
    CheckCode.TENANT_NOT_FOUND: Words(
        "Microsoft finds no tenant with this ID",
        "It was mistyped, or the tenant lives in another cloud.",
        ("Compare it with Directory (tenant) ID on the app’s <b>Overview</b> page.", _CLOUD_SETTINGS),
    ),
    CheckCode.TENANT_MALFORMED: Words(
        "Microsoft cannot read the Tenant ID",
        "It is neither a GUID nor a domain of a tenant.",
        ("Copy Directory (tenant) ID from the app’s <b>Overview</b> page in Entra and press <b>Set</b>.",),
    ),
    CheckCode.CONDITIONAL_ACCESS: Words(
        "A Conditional Access policy blocks the app",
        "The tenant allows workload identities only under conditions that this server does not meet.",
        (
            "In Entra, open <b>Conditional Access</b> and allow this server’s address for the app, "
            "or exclude the app.",
        ),
    ),
    CheckCode.SCOPE_REFUSED: Words(
        "Sign-in and Graph do not fit each other",
        "Microsoft’s sign-in does not know the Graph address that this server is set to.",
        (_CLOUD_SETTINGS,),
    ),
    CheckCode.CONSENT_REFUSED: Words(
        "No administrator has agreed to the app’s permissions",
        "Without consent Microsoft lets the app do nothing.",
        ("In Entra, open <b>API permissions</b> of the app and click <b>Grant admin consent</b> (step 7a).",),
    ),
    CheckCode.WRONG_CLOUD: Words(
        "The tenant lives in another Microsoft cloud",
        "The addresses of sign-in and Graph that this server is set to belong to another one.",
        (_CLOUD_SETTINGS,),
    ),
    CheckCode.SIGN_IN_REFUSED: Words(
        "Microsoft refuses the sign-in",
        "The code below names the reason; Microsoft explains it at login.microsoftonline.com/error.",
        ("Look the code up, mend it in Entra, and check again.",),
    ),
    CheckCode.OTHER_TENANT: Words(
        "This is another tenant than the one its rooms are linked in",
        "Its rooms are calendars of <code>{expected}</code>, and Microsoft signed us in to <code>{found}</code>.",
        ("Put the former Tenant ID back, or add a second connection for the other tenant.",),
    ),
    CheckCode.NO_NETWORK: Words(
        "Microsoft could not be reached", "Nothing answered, or no way leads there from this server.", (_HOSTS,)
    ),
    CheckCode.NAME_NOT_FOUND: Words(
        "Microsoft’s host name could not be found",
        "The name service of this server does not know it.",
        ("Check the DNS settings of this server.", _HOSTS),
    ),
    CheckCode.PROXY_FAILED: Words(
        "The proxy does not let the request through",
        "This server is set to go out through a proxy (HTTPS_PROXY), which refused or did not answer.",
        ("Check the address of the proxy and its sign-in.", _HOSTS),
    ),
    CheckCode.TLS_INTERCEPTED: Words(
        "The certificate on the way is not trusted",
        "A proxy on the way replaces Microsoft’s certificate.",
        (
            "Add its certificate authority to this server’s trust file (REQUESTS_CA_BUNDLE), then check again.",
            "Also check that this server’s clock is right.",
        ),
    ),
    CheckCode.TIMED_OUT: Words(
        "Microsoft did not answer within {seconds} seconds", "The way there is slow or swallows requests.", (_HOSTS,)
    ),
    CheckCode.CONNECTION_CUT: Words(
        "The connection was closed before the answer was whole",
        "A firewall or proxy on the way ends long or unknown connections.",
        (_AGAIN, _HOSTS),
    ),
    CheckCode.REDIRECTED: Words(
        "The answer leads somewhere else",
        "A sign-in page of the network stands in between, or the configured address is not Microsoft’s.",
        (_CLOUD_SETTINGS, _HOSTS),
    ),
    CheckCode.ANSWER_MALFORMED: Words(
        "The answer is not one of Microsoft’s",
        "Something in between answered in its place.",
        (_HOSTS, _CLOUD_SETTINGS),
    ),
    CheckCode.MICROSOFT_UNAVAILABLE: Words(
        "Microsoft has trouble of its own",
        "It answered with a server error. Changes made here wait and are not lost.",
        (_AGAIN,),
    ),
    CheckCode.MICROSOFT_BUSY: Words(
        "Microsoft asked us to slow down",
        "Too many requests came in a short time. Nothing is lost.",
        ("Check again in {wait_seconds} seconds.",),
    ),
    CheckCode.TOKEN_REFUSED: Words(
        "Sign-in works, but Graph does not accept it",
        "Usually sign-in and Graph are of different clouds.",
        (_CLOUD_SETTINGS,),
    ),
    CheckCode.CONSENT_MISSING: Words(
        "The app has no permission at all",
        "Microsoft signs it in, but consent was never granted.",
        (
            "In Entra, open <b>API permissions</b> and add Calendars.ReadWrite and Place.Read.All as "
            "<b>Application permissions</b> (step 7).",
            "Click <b>Grant admin consent</b> (step 7a), wait a minute, and check again.",
        ),
    ),
    CheckCode.PLACES_PERMISSION_MISSING: Words(
        "Place.Read.All is missing",
        "The app can sign in but may not list rooms.",
        ("Add the permission in Entra and click <b>Grant admin consent</b> (step 7a).",),
    ),
    CheckCode.PLACES_REFUSED: Words(
        "Microsoft refuses the list of rooms",
        "The app holds Place.Read.All; it may not have taken effect yet.",
        (_AGAIN,),
    ),
    CheckCode.PLACES_FAILED: Words(
        "The list of rooms could not be read",
        "Microsoft answered with an error that says nothing more.",
        (_AGAIN, "If it stays, give the codes below to Microsoft’s support."),
    ),
    CheckCode.CALENDAR_PERMISSION_MISSING: Words(
        "The app may not read this room’s calendar",
        "Calendars.ReadWrite is not granted in Entra. If Exchange grants it instead (RBAC for Applications), it has "
        "no effect yet.",
        (
            "Add Calendars.ReadWrite in Entra and click <b>Grant admin consent</b> (step 7a), "
            "or grant it in Exchange for the rooms.",
            _TWO_HOURS,
        ),
    ),
    CheckCode.CALENDAR_BLOCKED: Words(
        "The app may not read this room’s calendar",
        "The tenant restricts the app and the room is outside.",
        ("Add the room to the scope.", _TWO_HOURS),
    ),
    CheckCode.MAILBOX_NOT_FOUND: Words(
        "No calendar at this address",
        "The tenant has no mailbox <bdi>{address}</bdi>.",
        ("Correct the address, or choose another external calendar.",),
    ),
    CheckCode.MAILBOX_NOT_ENABLED: Words(
        "No calendar at this address",
        "<bdi>{address}</bdi> has no Exchange Online calendar, often because the room was deleted.",
        ("Restore it or choose another external calendar.",),
    ),
    CheckCode.CALENDAR_FAILED: Words(
        "The calendar could not be read",
        "Microsoft answered with an error that says nothing more.",
        (_AGAIN, "If it stays, give the codes below to Microsoft’s support."),
    ),
}
"""`secret_unreadable` is worded in `webapp.words`: it can happen outside of a check, too."""
