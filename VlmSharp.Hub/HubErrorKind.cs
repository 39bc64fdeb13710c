namespace VlmSharp.Hub;

/// <summary>What went wrong with the hub, and thereby what helps.</summary>
public enum HubErrorKind
{
    /// <summary>A text is not a valid name of a model or revision.</summary>
    BadName,

    /// <summary>The model requires accepting a license, and no token was given.</summary>
    NoToken,

    /// <summary>The account of the token has not accepted the model's license.</summary>
    LicenseNotAccepted,

    /// <summary>The hub does not know the token, the token lacks a right, or its text cannot be a token.</summary>
    TokenRefused,

    /// <summary>There is no model of this name, or none that the token may see.</summary>
    ModelNotFound,

    /// <summary>The model has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>A file that the repository lists does not exist.</summary>
    EntryNotFound,

    /// <summary>The repository has no usable model: no configuration, or no safetensors.</summary>
    NotAModel,

    /// <summary>The repository lists a file under a name that could harm this machine.</summary>
    UnsafeFileName,

    /// <summary>The model is not completely in the cache, and offline mode forbids downloading it.</summary>
    Offline,

    /// <summary>The model is not in the cache.</summary>
    NotCached,

    /// <summary>Only a part of the model is in the cache.</summary>
    IncompleteSnapshot,

    /// <summary>There is not enough room on the disk.</summary>
    DiskFull,

    /// <summary>The host name cannot be resolved.</summary>
    UnknownHost,

    /// <summary>The host does not respond.</summary>
    Unreachable,

    /// <summary>No secure connection: an untrusted certificate, or a wrong clock.</summary>
    Tls,

    /// <summary>The proxy does not let the request through.</summary>
    Proxy,

    /// <summary>No response in time.</summary>
    Timeout,

    /// <summary>The connection was lost repeatedly during the download of a file.</summary>
    PartialFile,

    /// <summary>An error of the hub itself: a status of 500 or above.</summary>
    ServerError,

    /// <summary>Too many requests.</summary>
    RateLimited,

    /// <summary>The server is not a hub, or something in between changes its responses.</summary>
    NotAHub,

    /// <summary>The bytes of a file do not match the hub's checksum.</summary>
    HashMismatch,
}
