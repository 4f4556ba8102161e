// As in the edge: inside Edge.Sip the name Delivery is a namespace.
global using LinkDelivery = Edge.Link.V1.Delivery;
