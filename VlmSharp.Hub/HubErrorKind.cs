namespace VlmSharp.Hub;

/// <summary>What has gone wrong with the hub, and with it what helps.</summary>
public enum HubErrorKind
{
    /// <summary>A text is no model's name, or no revision's.</summary>
    BadName,

    /// <summary>The model is behind a license, and no token was given.</summary>
    NoToken,

    /// <summary>The account of the token has not accepted the model's license.</summary>
    LicenseNotAccepted,

    /// <summary>The hub does not know the token, it lacks a right, or its text can be no token.</summary>
    TokenRefused,

    /// <summary>There is no model of the name, or none that the token may see.</summary>
    ModelNotFound,

    /// <summary>The model has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>A file that the repository lists is not there.</summary>
    EntryNotFound,

    /// <summary>The repository holds no model that can be used: no configuration, or no safetensors.</summary>
    NotAModel,

    /// <summary>The repository lists a file under a name that could harm this machine.</summary>
    UnsafeFileName,

    /// <summary>The model is not in the cache, or not all of it, and offline mode forbids to fetch it.</summary>
    Offline,

    /// <summary>The model is not in the cache.</summary>
    NotCached,

    /// <summary>Only a part of the model is in the cache.</summary>
    IncompleteSnapshot,

    /// <summary>There is not enough room on the disk.</summary>
    DiskFull,

    /// <summary>The host's name is not known.</summary>
    UnknownHost,

    /// <summary>Nobody answers at the address.</summary>
    Unreachable,

    /// <summary>No safe connection: a certificate that is not trusted, a clock that is wrong.</summary>
    Tls,

    /// <summary>The proxy does not let the request through.</summary>
    Proxy,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>The connection was lost again and again in the midst of a file.</summary>
    PartialFile,

    /// <summary>The hub has a fault of its own: a status from 500 up.</summary>
    ServerError,

    /// <summary>Too many requests.</summary>
    RateLimited,

    /// <summary>What answers is no hub, or something between changes its answers.</summary>
    NotAHub,

    /// <summary>A file's bytes are not those that the hub's checksum says.</summary>
    HashMismatch,
}
